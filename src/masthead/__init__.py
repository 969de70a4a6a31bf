"""Masthead: the platform on which a reader-funded publication lives."""

__version__ = "0.1.0"
