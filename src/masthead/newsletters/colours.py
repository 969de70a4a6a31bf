"""Colours that can be read: a newsletter's own colour, made darker or lighter until its words stand out. Pure."""

from __future__ import annotations

ENOUGH = 4.5  # WCAG 2.2, 1.4.3


def luminance(colour: str) -> float:
    """The relative luminance of "#8a1c1c", from 0 to 1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, *grounds: str) -> str:
    """``colour``, as far towards black or white as it takes to be read on each of ``grounds`` (all dark, or all light)."""
    towards = 255 if luminance(grounds[0]) < 0.18 else 0
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    for step in range(21):
        red, green, blue = (round(part + (towards - part) * step / 20) for part in parts)
        found = f"#{red:02x}{green:02x}{blue:02x}"
        if all(contrast(found, ground) >= ENOUGH for ground in grounds):
            break
    return found
