"""Pausing a newsletter, with a reason, and letting it run again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from wagtail.log_actions import log

from masthead.newsletters import editions as services
from masthead.newsletters.models import Newsletter
from masthead.newsroom.views.base import NewsroomPage
from masthead.newsroom.views.editions import crumbs, see_other


class PauseForm(forms.Form):
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="Editors see it wherever the newsletter stands; readers do not.",
        error_messages={"required": "Please say why, for whoever wonders tomorrow."},
    )


class PauseNewsletter(NewsroomPage):
    """Asks for a reason, or whether it may go on."""

    template_name = "newsroom/newsletters/pause.html"
    header_icon = "mail"
    permissions = ("newsletters.change_newsletter",)
    page_title = "Pause"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        newsletter = get_object_or_404(Newsletter, pk=kwargs["number"])
        self.page_title = f"{'Resume' if newsletter.paused else 'Pause'} {newsletter.title}"
        self.breadcrumbs_items = crumbs(self)
        form = kwargs.get("form") or (None if newsletter.paused else PauseForm())
        return super().get_context_data(**kwargs) | {"newsletter": newsletter, "form": form}

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        newsletter = get_object_or_404(Newsletter, pk=number)
        if newsletter.paused:
            services.unpause(newsletter=newsletter)
            log(newsletter, "masthead.newsletter.resume", user=request.user)
            messages.success(request, f"{newsletter.title} runs again.")
            return see_other(reverse("newsroom_editions"))
        form = PauseForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(number=number, form=form), status=422)
        reason = form.cleaned_data["reason"]
        services.pause(newsletter=newsletter, reason=reason)
        log(newsletter, "masthead.newsletter.pause", user=request.user, data={"words": reason})
        messages.success(request, f"{newsletter.title} is paused.")
        return see_other(reverse("newsroom_editions"))
