"""What the change log calls things. Pure: the edge knows these names, and no database."""

EVERYTHING = "*"
LIST = "list"
POLICY = "policy"


def article(number: int) -> str:
    """The key of one article's facts and rendering."""
    return f"article:{number}"


def visitor(subject: str) -> str:
    """The key of one reader's or device's standing and grants."""
    return f"visitor:{subject}"
