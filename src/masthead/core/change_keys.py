"""What the change log calls things. Pure: the edge knows these names, and no database."""

EVERYTHING = "*"
LIST = "list"
POLICY = "policy"
EDITIONS = "editions"  # one went, or is no longer to be seen


def article(number: int) -> str:
    """The key of one article's facts and rendering."""
    return f"article:{number}"


def articles(first: int, last: int) -> str:
    """The key of all articles made in one go, numbered from ``first`` to ``last``. No page shows one of them yet: ``list`` stands
    beside it for those that will.
    """
    return f"articles:{first}-{last}"


def more(number: int) -> str:
    """The key of what one article leads on to: its page shows that, and nothing else does."""
    return f"more:{number}"


def visitor(subject: str) -> str:
    """The key of one reader's or device's standing and grants."""
    return f"visitor:{subject}"
