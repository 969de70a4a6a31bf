"""Form fields that topics and authors share."""

from __future__ import annotations

from typing import Any

from wagtail.admin.panels import FieldPanel, FieldRowPanel, TitleFieldPanel
from wagtail.admin.widgets.slug import SlugInput


class NamePanel(TitleFieldPanel):
    """A name that fills in the slug as it is typed; not of what has an address already, which only an editor changes."""

    class BoundPanel(TitleFieldPanel.BoundPanel):
        def get_should_apply(self) -> bool:
            return not self.instance.pk


def name_and_slug(**name: Any) -> FieldRowPanel:
    """The two fields side by side; ``name`` is said of the first."""
    slug = SlugInput(attrs={"data-w-slug-allow-unicode-value": "false"})  # Türkiye is at /topics/turkiye/
    return FieldRowPanel([NamePanel("name", placeholder=False, classname="", **name), FieldPanel("slug", widget=slug)])
