"""The language a publication is set in, as Django calls it."""

from masthead.core.languages import supported

__all__ = ["supported"]
