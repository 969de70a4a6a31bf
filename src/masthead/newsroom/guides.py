"""How the newsroom edits guides: topics with their key articles and members, relations with their milestones."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Count, Max, Q
from django.utils.functional import cached_property
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, InlinePanel, ObjectList, PageChooserPanel
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets import AdminAutoHeightTextInput

from masthead.articles.models import Relation, Topic
from masthead.articles.panels import name_and_slug
from masthead.library import keeping, world
from masthead.library.models import Follow
from masthead.newsroom.milestones import MilestonesPanel
from masthead.newsroom.views.guides import Previewed
from masthead.newsroom.viewsets import Chosen
from masthead.newsroom.widgets import Ticks

# Topics ---------------------------------------------------------------------------------------------------------------

CODE = (
    "Of a country: its two letters (ISO 3166), for example IN. Facts, a map and the words it is found by follow from it. "
    "Left empty, a country of today gets its own."
)


class TopicForm(WagtailAdminModelForm):
    """A country by its code in ISO 3166; an alliance by its members. What a kind has no use for is refused, not dropped."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "members" in self.fields:
            eligible = Topic.objects.filter(kind__in=(Topic.Kind.COUNTRY, Topic.Kind.ORGANISATION)).order_by("name")
            self.fields["members"].queryset = eligible.exclude(pk=self.instance.pk)
            self.fields["members"].error_messages["invalid_choice"] = "Please tick countries and organisations only."

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_code(self) -> str:
        code = self.cleaned_data["code"].strip().upper()
        if code and world.country(code) is None:
            raise forms.ValidationError(f"No country has the code {code} in ISO 3166. India's is IN, for example.")
        other = Topic.objects.filter(code=code).exclude(pk=self.instance.pk).first() if code else None
        if other is not None:
            raise forms.ValidationError(f"{other.name} has the code {code} already.")
        return code

    def clean_aliases(self) -> str:
        lines = (" ".join(line.split()) for line in self.cleaned_data["aliases"].splitlines())
        return "\n".join(dict.fromkeys(line for line in lines if line))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        kind = cleaned.get("kind")
        if kind == Topic.Kind.COUNTRY and cleaned.get("code") == "":
            cleaned["code"] = self._code_of_today(cleaned.get("name", ""))
        self._refuse_what_others_are_called(cleaned)
        if cleaned.get("code") and kind != Topic.Kind.COUNTRY:
            self.add_error("code", "Only a country has a code. Please choose the kind Country, or leave the code empty.")
        if cleaned.get("members") and kind and kind != Topic.Kind.GROUP:
            self.add_error("members", "Only an alliance or dialogue has members. Please choose that kind, or tick nobody.")
        return cleaned

    def _code_of_today(self, name: str) -> str:
        """The code of the country that is called ``name`` now, unless another topic has it."""
        found = world.named(name) if name else None
        if found is None or world.key(found.name) != world.key(name):
            return ""
        taken = Topic.objects.filter(code=found.code).exclude(pk=self.instance.pk).exists()
        return "" if taken else found.code

    def _refuse_what_others_are_called(self, cleaned: dict[str, Any]) -> None:
        """A name two topics go by would be found for one of them only, whichever came first."""
        others: dict[str, str] = {}
        for name, aliases in Topic.objects.exclude(pk=self.instance.pk).values_list("name", "aliases"):
            others |= {each.casefold(): name for each in (*aliases.splitlines(), name)}
        name = cleaned.get("name", "")
        if (other := others.get(name.casefold())) and other != name:
            self.add_error("name", f"{other} goes by that name, too. Take it away there, or merge the two.")
        for alias in cleaned.get("aliases", "").splitlines():
            if other := others.get(alias.casefold()):
                self.add_error("aliases", f"{other} is called “{alias}” already.")
            elif len(alias) < 2:
                self.add_error("aliases", f"“{alias}” would be found in every text.")


class TopicCreate(Previewed, generic.CreateView):
    error_message = "The topic is not added yet: see the sentences below."


class TopicEdit(Previewed, generic.EditView):
    error_message = "The topic is not saved yet: see the sentences below."

    def save_instance(self) -> Any:
        old = Topic.objects.values_list("slug", flat=True).get(pk=self.object.pk)
        saved = super().save_instance()
        if saved.slug != old:
            keeping.readdress(old=old, new=saved.slug)
        return saved


class TopicDelete(generic.DeleteView):
    @cached_property
    def confirmation_message(self) -> str:
        articles = self.object.articles.count()
        relations = Relation.objects.filter(Q(first=self.object) | Q(second=self.object)).count()
        followers = Follow.objects.filter(topic=self.object).count()
        loses = [f"{articles} {'article loses' if articles == 1 else 'articles lose'} this topic"] if articles else []
        if relations:
            loses.append(f"{relations} {'relation goes' if relations == 1 else 'relations go'} with it, milestones and all")
        if followers:
            loses.append(f"{followers} {'reader follows it and is' if followers == 1 else 'readers follow it and are'} not told")
        if not loses:
            return "Nothing has this topic."
        told = "; ".join(loses)
        return f"{told[:1].upper()}{told[1:]}. If it has a twin, merge it into that one instead: then nothing is lost."


class TopicViewSet(ModelViewSet):
    model = Topic
    icon = "tag"
    menu_label = "Topics"
    menu_order = 120
    add_to_admin_menu = True
    list_display = [
        TitleColumn("name", label="Name", url_name="topic:edit", sort_key="name"),
        Chosen("kind", label="Kind", sort_key="kind"),
        Column("code", label="Code", sort_key="code"),
        Column("article_count", label="Articles"),
        BooleanColumn("is_told", label="Introduced"),
        Column("slug", label="Address"),
    ]
    list_filter = ["kind"]
    search_backend_name = None  # the index holds names only; these are looked through as they are
    search_fields = ["name", "aliases", "code"]
    list_per_page = 50
    ordering = ["name"]
    name = "topic"
    url_prefix = "topics"
    copy_view_enabled = False
    edit_handler = ObjectList(
        [
            name_and_slug(),
            FieldRowPanel([FieldPanel("kind"), FieldPanel("code", help_text=CODE)]),
            FieldPanel("introduction", help_text="One paragraph or several, with an empty line between them."),
            InlinePanel(
                "key_articles",
                heading="Key articles",
                label="Article",
                help_text="Stand first on the topic's page, in this order. Two or three are enough.",
            ),
            FieldPanel("members", widget=Ticks),
            FieldPanel("aliases"),
        ],
        base_form_class=TopicForm,
    )
    add_view_class = TopicCreate
    edit_view_class = TopicEdit
    delete_view_class = TopicDelete

    class IndexView(generic.IndexView):
        def get_base_queryset(self) -> Any:
            return Topic.objects.annotate(
                article_count=Count("articles", filter=Q(articles__live=True)),
                is_told=~Q(introduction=""),
            )

    index_view_class = IndexView


class TopicChooser(ChooserViewSet):
    """A topic is found by typing: an archive brings hundreds."""

    model = Topic
    icon = "tag"
    choose_one_text = "Choose a topic"
    choose_another_text = "Choose another"
    edit_item_text = "Edit this topic"
    form_fields = ["name", "slug", "kind"]
    creation_tab_label = "New topic"
    create_action_label = "Add"
    per_page = 20


# Relations ------------------------------------------------------------------------------------------------------------


class RelationForm(WagtailAdminModelForm):
    """Two topics, in either order; what the model has to say of them stands at the field it concerns."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        first, second = cleaned.get("first"), cleaned.get("second")
        if first and second and first != second:
            there = Relation.objects.filter(first__in=(first, second), second__in=(first, second)).exclude(pk=self.instance.pk)
            if there.exists():
                self.add_error("second", f"{there.get()} have their page already: edit that one.")
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors.get("second"):  # else the model says it again above the form, less exactly
            self.errors.pop(NON_FIELD_ERRORS, None)


class RelationCreate(Previewed, generic.CreateView):
    error_message = "The relation is not added yet: see the sentences below."


class RelationEdit(Previewed, generic.EditView):
    error_message = "The relation is not saved yet: see the sentences below."


class RelationDelete(generic.DeleteView):
    @cached_property
    def confirmation_message(self) -> str:
        count = self.object.milestones.count()
        milestones = f"Its {count} milestones go" if count > 1 else "Its milestone goes" if count else "Its introduction goes"
        return f"{milestones} with it. The page stays as long as there is an article on both."


class RelationViewSet(ModelViewSet):
    model = Relation
    icon = "link"
    menu_label = "Relations"
    menu_order = 125
    add_to_admin_menu = True
    list_display = [
        TitleColumn("__str__", label="Between", url_name="relation:edit", sort_key="first__name"),
        Column("milestone_count", label="Milestones"),
        DateColumn("latest", label="The latest"),
    ]
    search_fields = ["first__name", "second__name"]
    list_per_page = 50
    ordering = ["first__name", "second__name"]
    name = "relation"
    url_prefix = "relations"
    copy_view_enabled = False
    add_view_class = RelationCreate
    edit_view_class = RelationEdit
    delete_view_class = RelationDelete
    edit_handler = ObjectList(
        [
            HelpPanel(
                content="<p>What you know of two countries (or organisations) and each other. Every two of them that articles "
                "have together have a page already; what you write here stands first on it.</p>"
            ),
            FieldRowPanel([FieldPanel("first", heading="One"), FieldPanel("second", heading="The other")]),
            FieldPanel("introduction", help_text="One paragraph or several, with an empty line between them."),
            MilestonesPanel(
                "milestones",
                heading="Milestones",
                label="Milestone",
                help_text="In any order: the page sorts them by date.",
                panels=[
                    FieldPanel("date"),
                    FieldPanel("text", widget=AdminAutoHeightTextInput),
                    PageChooserPanel("article", "articles.Article"),
                ],
            ),
        ],
        base_form_class=RelationForm,
    )

    class IndexView(generic.IndexView):
        is_searchable = True

        def get_base_queryset(self) -> Any:
            return Relation.objects.select_related("first", "second").annotate(
                milestone_count=Count("milestones"), latest=Max("milestones__date")
            )

    index_view_class = IndexView
