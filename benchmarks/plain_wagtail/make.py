"""Makes the plain site: ``python -m benchmarks.plain_wagtail.make LENGTH < TEXT``, with PLAIN_WAGTAIL_DATA in the environment.

The page at /texts/measured/ comes out LENGTH characters long, of the words in TEXT, so that it also compresses as they do.
"""

from __future__ import annotations

import html
import io
import os
import sys

import django

TRIES = 4


def main(length: int, words: list[str]) -> int:
    """Make the site; returns how long the page came out."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.plain_wagtail.settings"
    django.setup()
    from django.core.files.images import ImageFile
    from django.core.management import call_command
    from django.test import Client
    from PIL import Image as Drawing
    from wagtail.images.models import Image
    from wagtail.models import Collection, Locale, Page, Site

    from benchmarks.plain_wagtail.models import Section, Text

    call_command("migrate", run_syncdb=True, interactive=False, verbosity=0)
    Locale.objects.create(language_code="en-gb")  # what Wagtail's migrations would have put there
    Collection.add_root(name="Root")
    root = Page.add_root(title="Root", slug="root")
    drawn = io.BytesIO()
    Drawing.new("RGB", (1600, 1000), (90, 110, 130)).save(drawn, "JPEG")
    picture = Image.objects.create(title="A picture", file=ImageFile(drawn, name="picture.jpg"))
    front = root.add_child(instance=Section(title="Front", slug="front"))
    Site.objects.create(hostname="127.0.0.1", root_page=front, is_default_site=True, site_name="Plain")
    texts = front.add_child(instance=Section(title="Texts", slug="texts", show_in_menus=True))
    for name in ("About", "Topics", "Authors", "Newsletters"):
        front.add_child(instance=Section(title=name, show_in_menus=True))
    page = texts.add_child(
        instance=Text(title="What is measured", slug="measured", standfirst=" ".join(words[:30]), picture=picture)
    )

    def came_out(characters: int) -> int:
        page.body = [("text", f"<p>{html.escape(part)}</p>") for part in _paragraphs(words, characters)]
        page.save_revision().publish()
        answer = Client(SERVER_NAME="127.0.0.1").get("/texts/measured/")
        assert answer.status_code == 200, answer.status_code
        return len(answer.content.decode())

    wanted = length
    for _ in range(TRIES):
        found = came_out(wanted)
        if abs(found - length) <= 20:
            break
        wanted += length - found
    return found


def _paragraphs(words: list[str], characters: int) -> list[str]:
    """Paragraphs of eighty words, ``characters`` in all, from the beginning again where there are not enough."""
    text = " ".join(words)
    while len(text) < characters:
        text += " " + text
    cut = text[: max(1, characters)].split(" ")
    return [" ".join(cut[at : at + 80]) for at in range(0, len(cut), 80)]


if __name__ == "__main__":
    print(main(int(sys.argv[1]), sys.stdin.read().split()))
