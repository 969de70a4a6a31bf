"""Form fields of our own."""

from __future__ import annotations

from typing import Any

from django import forms


class Ticks(forms.CheckboxSelectMultiple):
    """Boxes to tick where there may be hundreds: a list of its own height, what is ticked first, a field to look through it."""

    template_name = "newsroom/widgets/ticks.html"

    class Media:
        js = ["newsroom/ticks.js"]

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        groups = super().optgroups(name, value, attrs)
        return sorted(groups, key=lambda group: not group[1][0]["selected"])  # stable: by name among themselves
