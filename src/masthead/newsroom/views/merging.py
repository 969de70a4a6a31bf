"""Two topics made one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property

from masthead.articles.models import Topic
from masthead.newsroom import merging
from masthead.newsroom.guides import TopicChooser
from masthead.newsroom.views.base import NewsroomPage


class MergeForm(forms.Form):
    into = forms.ModelChoiceField(
        queryset=Topic.objects.all(),
        label="The topic that stays",
        widget=TopicChooser("topic_chooser").widget_class,
        error_messages={"required": "Please choose the topic that stays."},
    )


class MergePage(NewsroomPage):
    """Which topic this one is merged into, and what that means."""

    template_name = "newsroom/topic_merge.html"
    page_title = "Merge into another"
    header_icon = "tag"
    permissions = ("articles.delete_topic",)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form") or MergeForm()
        return super().get_context_data(**kwargs) | {
            "topic": self.topic,
            "held": merging.held(self.topic),
            "form": form,
            "media": form.media,
        }

    @cached_property
    def topic(self) -> Topic:
        return get_object_or_404(Topic, pk=self.kwargs["number"])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = MergeForm(request.POST)
        if form.is_valid():
            into, name = form.cleaned_data["into"], self.topic.name
            try:
                count = merging.merge(topic=self.topic, into=into, by=request.user)
            except merging.CannotMerge as error:
                form.add_error("into", str(error))
            else:
                articles = f"{count} {'article' if count == 1 else 'articles'}"
                messages.success(request, f"{name} is {into.name} now: {articles}, and the old address leads there.")
                response = HttpResponseRedirect(reverse("topic:edit", args=[into.pk]))
                response.status_code = 303
                return response
        return self.render_to_response(self.get_context_data(form=form), status=422)
