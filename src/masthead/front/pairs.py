"""Two topics with each other: what their page is called. Pure. Where it is, `articles.addresses` says."""

from __future__ import annotations

import re


def pair_name(first: str, second: str) -> str:
    """What the page of two is called: "India and the United States"."""
    start = in_sentence(first)
    return f"{start[:1].upper()}{start[1:]} and {in_sentence(second)}"


_WITH_ARTICLE = re.compile(r"(United|Soviet|European|African|Arab) |.* (Islands|Republic|Union|Nations)$|(Democratic )?Republic ")
_ALSO_WITH_ARTICLE = frozenset({"Bahamas", "Comoros", "Gambia", "Maldives", "Netherlands", "Philippines", "Quad"})


def in_sentence(name: str) -> str:
    """A topic's name as it stands within a sentence."""
    if name.startswith("The "):
        return f"the {name[4:]}"
    return f"the {name}" if name in _ALSO_WITH_ARTICLE or _WITH_ARTICLE.match(name) else name
