"""Pictures as pages show them: one query for however many, and never an error for a file that is gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wagtail.images.exceptions import InvalidFilterSpecError
from wagtail.images.models import Filter, Image, Rendition, SourceImageIOError

WIDTHS = tuple(f"width-{width}|format-webp|webpquality-70" for width in (480, 720, 960, 1440))
SHARED = "fill-1200x630|format-jpeg"  # what other sites show beside a link
PORTRAIT = "fill-320x320|format-webp|webpquality-75"
SQUARE = "fill-512x512|format-png"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in one or more widths; ``width`` and ``height`` are the largest one's."""

    src: str
    srcset: str
    width: int
    height: int
    alt: str = ""


class Shelf:
    """The renditions of some images, found together.

    They are made at publication (:func:`prepare`). Where that did not happen, the first ``makes`` images asked for are made up
    for here and the others shown as uploaded: a list of sixty must not keep its reader waiting for sixty times four.
    """

    def __init__(self, images: Iterable[Image | None], specs: Sequence[str] = WIDTHS, makes: int = 1) -> None:
        self._makes = makes
        wanted = {image.pk for image in images if image is not None}
        rows = Rendition.objects.filter(image__in=wanted, filter_spec__in=specs) if wanted else ()
        self._found = {(row.image_id, row.filter_spec, row.focal_point_key): row for row in rows}

    def picture(self, image: Image | None, alt: str = "", specs: Sequence[str] = WIDTHS) -> Picture | None:
        """``image`` in all of ``specs``, or None where there is none or its file is gone."""
        if image is None:
            return None
        try:
            found = [self._found.get((image.pk, spec, _filter(spec).get_cache_key(image))) for spec in specs]
            if not all(found):
                if self._makes <= 0:
                    return Picture(image.file.url, "", image.width, image.height, alt)
                self._makes -= 1
            # by hand: Wagtail's look-up writes what it found to the cache, which here is a table
            renditions = [row or self._make(image, spec) for row, spec in zip(found, specs, strict=True)]
        except (SourceImageIOError, InvalidFilterSpecError, OSError):
            return None
        # an original narrower than a width is not enlarged: say each real width once
        widths = {rendition.width: rendition for rendition in renditions}
        largest = widths[max(widths)]
        middle = renditions[len(renditions) // 2]  # for browsers that know no srcset
        return Picture(
            src=middle.url,
            srcset=", ".join(f"{rendition.url} {width}w" for width, rendition in sorted(widths.items()))
            if len(widths) > 1
            else "",
            width=largest.width,
            height=largest.height,
            alt=alt,
        )

    def _make(self, image: Image, spec: str) -> Rendition:
        made = image.get_rendition(spec)
        self._found[image.pk, spec, made.focal_point_key] = made
        return made


@lru_cache(maxsize=64)
def _filter(spec: str) -> Filter:
    """Wagtail's reading of ``spec``, which it does anew for each filter and takes longer than everything else here."""
    return Filter(spec)


def prepare(image: Image | None, specs: Sequence[str] = (*WIDTHS, SHARED)) -> None:
    """Make ``image``'s renditions now, so that no reader waits for them."""
    if image is not None:
        Shelf([image], specs).picture(image, specs=specs)
