"""``masthead explain``: the decision for one reader and one article, in plain words. (``access`` knows no articles.)"""

from __future__ import annotations

import json
import sys
from urllib.parse import urlsplit

import click
import django
from django.apps import apps


@click.command(name="explain")
@click.option("--reader", "address", required=True, metavar="ADDRESS", help="The reader's e-mail address.")
@click.option("--article", "slug", required=True, metavar="SLUG", help="The last part of the article's address.")
@click.option("--json", "as_json", is_flag=True, help="Write everything as JSON.")
def command(address: str, slug: str, as_json: bool) -> None:
    """Say why a reader may or may not read an article."""
    if not apps.ready:
        django.setup()
    from masthead.access.explain import explain
    from masthead.access.policy import ArticleFacts

    try:
        reader, article = find(address, slug)
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    told = explain(reader=reader, article=ArticleFacts(article.pk, article.access))
    if as_json:
        json.dump({"article_slug": article.slug, "article_title": article.title, **told.as_dict()}, sys.stdout, indent=2)
        click.echo()
        return
    click.echo(in_words(told, article.title))


def find(address: str, text: str):
    """The reader of ``address`` and the article of ``text``, a slug or its page's address. Raises ``LookupError``."""
    from masthead.articles.models import Article
    from masthead.readers import addresses
    from masthead.readers.models import Reader

    try:
        reader = Reader.objects.filter(identity=addresses.identity(addresses.clean(address))).first()
    except addresses.BadAddress:
        raise LookupError(f"{address!r} is not an e-mail address.") from None
    if reader is None:
        raise LookupError(f"No reader has the address {address}.")
    slug = urlsplit(text.strip()).path.strip("/").rpartition("/")[2]
    article = Article.objects.defer("body").filter(slug=slug).first() if slug else None
    if article is None:
        raise LookupError(f"No article has the slug {slug or text!r}.")
    return reader, article


def in_words(told, title: str) -> str:
    """``told`` as a page of text for a terminal."""
    lines = [
        f"{told.reader} and “{title}”",
        told.sentence,
        "",
        f"  decision   {told.decision} ({'opens' if told.opens else 'stays shut'}); standing {told.standing}",
        f"  article    {told.access}",
        f"  reader     {'confirmed' if told.confirmed else 'not confirmed'}{'' if told.active else ', closed'}",
        f"  choices    {told.used} of {told.allowance} used in {told.period or 'no known period'}, {told.left} left",
        f"  policy     version {told.policy_version}, time zone {told.timezone}",
        "",
        "Grants looked at:" if told.grants else "No grants.",
    ]
    for grant in told.grants:
        until = f"until {grant.until:%Y-%m-%d %H:%M}" if grant.until else "without end"
        lines.append(
            f"  {'+' if grant.counted else '-'} {grant.title} ({grant.holder}), {grant.since:%Y-%m-%d %H:%M} {until} UTC"
        )
        if grant.reason:
            lines.append(f"      given for: {grant.reason}")
        lines.append(f"      {grant.why}")
    if told.elsewhere:
        lines += ["", "In the browsers they are logged in with:"]
        lines += [f"  {where.place}: {where.sentence}" for where in told.elsewhere]
    lines += ["", *told.notes]
    return "\n".join(lines)
