"""Date fields keep what is typed in them, so that the form can say what is wrong with it.

Wagtail's calendar corrects a date when one leaves its field: 31 February becomes 2 March, and what it cannot read at all becomes
today, without a word.
"""

from __future__ import annotations

from typing import Any

from wagtail.admin.widgets import AdminDateInput, AdminDateTimeInput, AdminTimeInput


def apply() -> None:
    """Have the calendar leave what is typed alone. Called once, at start-up."""
    for widget in (AdminDateInput, AdminDateTimeInput, AdminTimeInput):
        if not getattr(widget.get_config, "corrects_nothing", False):
            widget.get_config = _without_correction(widget.get_config)


def _without_correction(get_config: Any) -> Any:
    def config(self: Any) -> dict[str, Any]:
        return {**get_config(self), "validateOnBlur": False}

    config.corrects_nothing = True  # type: ignore[attr-defined]
    return config
