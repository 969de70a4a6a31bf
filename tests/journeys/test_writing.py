"""An editor at work, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.processes]

FIND = "from masthead.articles.models import Article; print(Article.objects.get(slug='how-to-read-a-communique').pk)"


@pytest.mark.parametrize("how", ["keys", "button"])
def test_what_is_typed_right_before_saving_is_saved(site: Any, browse: Callable[..., Any], how: str) -> None:
    number = site.masthead("manage", "shell", "-c", FIND).split()[-1]
    page = browse()
    site.enter_newsroom(page)
    page.goto(f"/newsroom/pages/{number}/edit/")
    paragraph = page.locator(".public-DraftEditor-content").first
    paragraph.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(f" Said by {how}.")
    if how == "keys":
        page.keyboard.press("Control+s")
    else:
        page.get_by_role("button", name="Save draft").click()
    page.get_by_text("has been updated").wait_for()
    page.goto(f"/newsroom/pages/{number}/edit/")
    assert f"Said by {how}." in page.locator(".public-DraftEditor-content").first.inner_text()


def test_what_is_taken_out_right_before_saving_is_gone(site: Any, browse: Callable[..., Any]) -> None:
    number = site.masthead("manage", "shell", "-c", FIND).split()[-1]
    page = browse()
    site.enter_newsroom(page)
    page.goto(f"/newsroom/pages/{number}/edit/")
    paragraph = page.locator(".public-DraftEditor-content").first
    paragraph.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    sent = page.evaluate(
        """() => {
          const form = document.querySelector("[name=body-0-value]").form
          let sent = ""
          form.addEventListener("submit", (event) => { event.preventDefault(); sent = form.elements["body-0-value"].value })
          form.requestSubmit()
          return sent
        }"""
    )
    assert "null" in sent and "blocks" not in sent
