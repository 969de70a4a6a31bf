"""The panel beside an article's topics: those found in its text, to take or to leave with one click.

With the script a click ticks the box in the open form, so that nothing unsaved is lost, and what is found is asked anew whenever
the draft is saved. Without it a link leads to a page of plain forms.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from wagtail.admin.panels import FieldPanel, Panel

from masthead.library import suggestions
from masthead.newsroom.widgets import Ticks


class SuggestionsPanel(Panel):
    """The topics found in the text of the article at hand; an empty place for them in a new one."""

    def on_model_bound(self) -> None:
        self.heading = self.heading or "Topics found in the text"

    @property
    def clean_name(self) -> str:
        return "topics_found"

    class BoundPanel(Panel.BoundPanel):
        template_name = "newsroom/suggestions/panel.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            key = self.instance.pk
            return context | {
                "article": key,
                "suggestions": suggestions.offered(key) if key else [],
                # where the script asks once a new article has a number
                "pattern": reverse("newsroom_topics_found", args=[0]),
            }


def beside_topics(panels: list[Panel]) -> list[Panel]:
    """``panels`` of an article's editor, with this one after its topics; an archive has hundreds of those to look through."""
    if any(isinstance(panel, SuggestionsPanel) for panel in panels):
        return panels
    at = next(place for place, panel in enumerate(panels) if getattr(panel, "field_name", "") == "topics")
    topics = FieldPanel("topics", widget=Ticks, help_text=panels[at].help_text)
    return [*panels[:at], topics, SuggestionsPanel(), *panels[at + 1 :]]
