"""Documents cannot rot unnoticed: every variable and command is described, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from masthead.core import environment
from masthead.site import group

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_environment_variable_is_documented_and_no_other() -> None:
    text = (ROOT / "docs/reference/environment.md").read_text()
    assert set(re.findall(r"^\| `(MASTHEAD_\w+)`", text, re.MULTILINE)) == set(environment.VARIABLES)


def test_every_command_is_documented_and_no_other() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text()
    assert set(re.findall(r"^\| `masthead ([\w-]+)", text, re.MULTILINE)) == set(group.COMMANDS)


def test_documents_name_no_variable_that_does_not_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"MASTHEAD_[A-Z_]+[A-Z]", page.read_text()):
            assert name in environment.VARIABLES, f"{page.relative_to(ROOT)} names {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text()):
        if target.endswith(".png"):
            continue  # screenshots are taken from the running demo
        assert (page.parent / target).exists(), target


def test_every_decision_on_record_is_listed() -> None:
    listed = set(re.findall(r"\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs/adr/README.md").read_text()))
    assert listed == {path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md")}
