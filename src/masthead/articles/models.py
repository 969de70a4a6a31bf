"""Articles, who writes them, what they are about, and their stored renderings."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, PageChooserPanel, TitleFieldPanel
from wagtail.fields import StreamField
from wagtail.models import Orderable, Page
from wagtail.search import index

from masthead.articles import addresses, preview
from masthead.articles.blocks import ArticleBody
from masthead.articles.panels import name_and_slug
from masthead.core import changelog


class LogsChanges(models.Model):
    """Something that stands on many pages: saving or deleting it makes every list and article page stale."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        with changelog.transaction() as changes:
            super().save(*args, **kwargs)
            changes.add(changelog.EVERYTHING)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        with changelog.transaction() as changes:
            changes.add(changelog.EVERYTHING)
            return super().delete(*args, **kwargs)


class HasAddress(LogsChanges):
    """Something with a page of its own by its ``slug``. Where that is changed, the old address leads to the new one."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        with changelog.transaction():
            was = type(self)._default_manager.filter(pk=self.pk).first() if self.pk else None
            super().save(*args, **kwargs)
            if was is not None and was.slug != self.slug:  # type: ignore[attr-defined]
                self.moved(was)

    def moved(self, was: Any) -> None:
        """Leave a way from the address it had."""
        addresses.moved(was.get_absolute_url(), self.get_absolute_url())  # type: ignore[attr-defined]


class Topic(index.Indexed, HasAddress, ClusterableModel):
    """What articles are about: a region, a country, an organisation, a group of countries or a theme."""

    class Kind(models.TextChoices):
        REGION = "region"
        COUNTRY = "country"
        ORGANISATION = "organisation"
        GROUP = "group", "Alliance or dialogue"
        THEME = "theme"

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True, help_text="The last part of its page's address: /topics/SLUG/.")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.THEME)
    introduction = models.TextField(blank=True, help_text="A paragraph or more at the head of the topic's page.")
    code = models.CharField(
        "country code",
        max_length=2,
        blank=True,
        help_text="Of a country: its two letters (ISO 3166), for example IN. Facts and a map follow from it.",
    )
    aliases = models.TextField(
        blank=True,
        help_text="Other names it goes by, one a line: used to suggest the topic for an article, and by search.",
    )
    members = models.ManyToManyField(
        "self",
        symmetrical=False,
        blank=True,
        related_name="member_of",
        help_text="Of an alliance or a dialogue: the countries in it. Its page leads to each pair of them.",
    )

    panels = [
        name_and_slug(),
        FieldRowPanel([FieldPanel("kind"), FieldPanel("code")]),
        FieldPanel("introduction"),
        InlinePanel("key_articles", heading="Key articles", label="Article", help_text="Stand first on the topic's page."),
        FieldPanel("aliases"),
        FieldPanel("members"),
    ]
    search_fields = [index.SearchField("name"), index.AutocompleteField("name"), index.FilterField("kind")]

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/topics/{self.slug}/"

    def moved(self, was: Topic) -> None:
        """The pages of the relations the editors told have its slug in their addresses, too."""
        super().moved(was)
        for relation in Relation.objects.filter(Q(first=self) | Q(second=self)).select_related("first", "second"):
            other = relation.second if relation.first_id == self.pk else relation.first
            addresses.moved(addresses.pair(was.slug, other.slug), addresses.pair(self.slug, other.slug))


class Author(index.Indexed, HasAddress):
    """Who writes."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120, unique=True, help_text="The last part of their page's address: /authors/SLUG/.")
    role = models.CharField(max_length=120, blank=True, help_text="One line, for example: Editor.")
    biography = models.TextField(blank=True)
    portrait = models.ForeignKey("wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    portrait_alt = models.CharField("portrait's alt text", max_length=250, blank=True)

    panels = [
        name_and_slug(help_text="As it stands in bylines."),
        FieldPanel("role"),
        FieldPanel("biography", help_text="A paragraph or two on the author's page."),
        FieldRowPanel([FieldPanel("portrait"), FieldPanel("portrait_alt")]),
    ]
    search_fields = [index.SearchField("name"), index.AutocompleteField("name")]

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/authors/{self.slug}/"


def _url_parts(page: Page, path: str, request: HttpRequest | None) -> tuple[int, str, str] | None:
    """Site, root address and ``path``, as Wagtail wants them; None for a page that is not in the tree yet.

    Not Wagtail's own: it looks up the address of its page view, which is not mounted here, and gives up.
    """
    for root in page._get_relevant_site_root_paths(request):
        return root.site_id, root.root_url, path
    return None


class ArticleIndex(Page):
    """The one page all articles lie under; it has no page of its own but the home page."""

    max_count = 1
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["articles.Article"]
    is_creatable = False

    class Meta:
        verbose_name = "articles"

    def get_url_parts(self, request: HttpRequest | None = None) -> tuple[int, str, str] | None:
        return _url_parts(self, "/", request)


class ArticleForm(WagtailAdminPageForm):
    """Drafts may be unfinished; what is published, scheduled or handed in has to be fit to be read."""

    drafting = False

    def defer_required_fields(self) -> None:
        """Called by Wagtail where a draft is saved or previewed."""
        super().defer_required_fields()
        self.drafting = True

    def _post_clean(self) -> None:
        # an article handed in is published by whoever approves it, without another form
        in_review = bool(self.instance.pk and self.instance.current_workflow_state)
        self.drafting = self.drafting and not in_review
        self.instance.drafting = True  # asked below, with the sentences at their fields
        super()._post_clean()
        if not self.drafting:
            problems = self.instance.problems()
            if not self.instance.import_key and not len(self.instance.body):
                problems["body"] = "An article without a text cannot be published."
            for name, sentence in problems.items():
                if name not in self.errors:
                    self.add_error(name if name in self.fields else None, sentence)


class Article(Page):
    """One article. Its page is served by ``front``; what is shown of its body comes from its stored rendering."""

    class Access(models.TextChoices):
        OPEN = "open", "Open: everyone reads all of it"
        METERED = "metered", "Metered: readers spend a monthly choice"
        SUBSCRIBERS = "subscribers", "Subscribers only"

    class Format(models.TextChoices):
        ANALYSIS = "analysis", "Analysis"
        IN_DEPTH = "in-depth", "In depth"
        BRIEFING = "briefing", "Briefing"

    class Precision(models.TextChoices):
        DAY = "day"
        MONTH = "month"
        YEAR = "year"
        NONE = "none", "Not shown"  # of what covers a stretch of time, the date only sorts

    standfirst = models.TextField(blank=True, max_length=500, help_text="One or two sentences under the headline.")
    format = models.CharField(max_length=10, choices=Format, default=Format.ANALYSIS)
    access = models.CharField(max_length=12, choices=Access, default=Access.METERED)
    topics = ParentalManyToManyField(Topic, blank=True, related_name="articles")
    body = StreamField(ArticleBody(), blank=True)

    picture = models.ForeignKey(
        "wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name="lead picture"
    )
    picture_alt = models.CharField(
        "alt text", max_length=250, blank=True, help_text="What the picture shows, for whoever cannot see it."
    )
    picture_caption = models.CharField("caption", max_length=300, blank=True)
    picture_credit = models.CharField("credit", max_length=160, blank=True, help_text="Who made it and may be named: Photo: ...")

    # The date readers see and lists go by. Wagtail's own dates say when our copy went live: wrong for an archive from 1776.
    dated = models.DateTimeField(
        "date", null=True, blank=True, db_index=True, help_text="Left empty: the moment it is first published."
    )
    date_precision = models.CharField(max_length=5, choices=Precision, default=Precision.DAY)

    language = models.CharField(
        max_length=12, blank=True, help_text="Of the text, for example fr. Left empty: the publication's. Search goes by it."
    )

    source = models.CharField(max_length=200, blank=True, help_text="Where an imported text comes from; stands at its foot.")
    source_url = models.URLField("source's address", max_length=500, blank=True)
    licence = models.CharField(max_length=200, blank=True, help_text="The licence an imported text is published under.")
    import_key = models.CharField(max_length=160, null=True, blank=True, unique=True, editable=False)

    content_panels = [
        TitleFieldPanel(
            "title",
            heading="Headline",
            placeholder="Headline*",  # a title's heading is not shown: without it there would be nothing to see
            help_text="Short enough for a telephone: at most 120 characters, better 70.",
        ),
        FieldPanel("standfirst"),
        InlinePanel("bylines", heading="Authors", label="Author", help_text="In the order they are to be named."),
        FieldPanel("topics", widget=CheckboxSelectMultiple, help_text="Two or three: they decide what is offered to read next."),
        FieldRowPanel(
            [
                FieldPanel("format", help_text="Analysis or in depth: one every weekday."),
                FieldPanel("access", help_text="Who reads what stands behind the gate."),
            ]
        ),
        MultiFieldPanel(
            [
                FieldPanel("picture"),
                FieldPanel("picture_alt"),
                FieldRowPanel(
                    [FieldPanel("picture_caption", help_text="What a reader should know of it."), FieldPanel("picture_credit")]
                ),
            ],
            heading="Lead picture",
        ),
        FieldPanel("body"),
    ]
    settings_panels = [
        FieldRowPanel([FieldPanel("dated"), FieldPanel("date_precision")]),
        FieldPanel("language"),
        MultiFieldPanel(
            [FieldPanel("source"), FieldPanel("source_url"), FieldPanel("licence")], heading="Source of an imported text"
        ),
        *Page.settings_panels,
    ]
    # No body here: the rest must not reach the newsroom's search results, and SQLite's ranking of it takes tens of seconds.
    search_fields = [
        *Page.search_fields,
        index.SearchField("standfirst"),
        index.FilterField("access"),
        index.FilterField("format"),
        index.FilterField("dated"),
    ]
    parent_page_types = ["articles.ArticleIndex"]
    subpage_types: list[str] = []
    preview_modes = preview.MODES
    base_form_class = ArticleForm
    headline_limit, standfirst_limit = 120, 320
    drafting = False

    class Meta:
        indexes = [
            models.Index(fields=["access", "-dated"]),
            models.Index(fields=["dated", "date_precision"], name="article_archive"),  # counts by year, month and day
        ]

    def problems(self) -> dict[str, str]:
        """What has to be mended before readers may see it: a sentence for each field. An archive is published as it is."""
        found: dict[str, str] = {}
        if self.picture_id and not self.picture_alt.strip():
            found["picture_alt"] = "Please say what the lead picture shows, for whoever cannot see it."
        if not self.import_key:
            limits = {"title": ("headline", self.headline_limit), "standfirst": ("standfirst", self.standfirst_limit)}
            for name, (what, limit) in limits.items():
                length = len(getattr(self, name))
                if length > limit:
                    found[name] = f"The {what} has {length} characters; please shorten it to {limit}: cards show all of it."
        return found

    def publish(self, *args: Any, **kwargs: Any) -> None:
        """All of it or nothing: whoever is killed meanwhile leaves no page that is published and says what it said before, and no
        hour it was scheduled for forgotten.
        """
        with changelog.transaction():
            super().publish(*args, **kwargs)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """That it is withdrawn is logged with it, not by a signal that comes after: whoever is killed in between tells nobody."""
        with changelog.transaction() as changes:
            if self.pk and not self.live and Article.objects.filter(pk=self.pk, live=True).exists():
                changes.add(changelog.article(self.pk), changelog.LIST)
            super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse to publish what readers could not use; not at a scheduled hour, when nobody is there: it was asked before."""
        super().clean()
        if self.live and not self.drafting and not self.go_live_at and (problems := self.problems()):
            raise ValidationError(problems)

    def get_url_parts(self, request: HttpRequest | None = None) -> tuple[int, str, str] | None:
        """Wagtail's address of this page: /articles/SLUG/ of the site, so that redirects and *view live* follow."""
        return _url_parts(self, self.path_on_site, request)

    def get_route_paths(self) -> list[str]:
        """The paths a redirect is made from when the slug changes."""
        return ["/"]

    @property
    def path_on_site(self) -> str:
        return f"/articles/{self.slug}/"

    @cached_property
    def author_list(self) -> list[Author]:
        """The authors in their order."""
        return [byline.author for byline in self.bylines.all()]

    @property
    def default_preview_mode(self) -> str:
        return preview.MODES[0][0]

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        """The draft as one kind of reader would see it; nothing of it is stored."""
        return preview.render(self, mode_name, request)


class Byline(Orderable):
    """One author of one article, in order."""

    article = ParentalKey(Article, on_delete=models.CASCADE, related_name="bylines")
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="bylines")

    panels = [FieldPanel("author")]

    class Meta(Orderable.Meta):
        constraints = [models.UniqueConstraint(fields=["article", "author"], name="one_byline_an_author")]

    def __str__(self) -> str:
        return str(self.author)


class Rendering(models.Model):
    """An article's blocks as HTML, made once at publication and written only by ``services.render``.

    In a table of its own, so that publishing an old revision never writes an old rendering back.
    """

    article = models.OneToOneField(Article, on_delete=models.CASCADE, primary_key=True, related_name="rendering")
    blocks = models.JSONField(help_text="A list of [kind, html].")
    gate = models.PositiveIntegerField(null=True, help_text="How many blocks stand before the gate, where the editor put it.")
    words = models.PositiveIntegerField(default=0)
    rendered = models.DateTimeField()

    def __str__(self) -> str:
        return f"rendering of {self.article_id}"


class MoreFrom(models.Model):
    """The articles an article's page goes on to, chosen by ``library`` once the article is published.

    In a table of its own for the same reason as :class:`Rendering`. Where there is none yet, ``cards.nearest`` answers.
    """

    article = models.OneToOneField(Article, on_delete=models.CASCADE, primary_key=True, related_name="more_from")
    numbers = models.JSONField(help_text="Primary keys of articles, best first.")
    made = models.DateTimeField()

    def __str__(self) -> str:
        return f"more from {self.article_id}"


class KeyArticle(Orderable):
    """An article the editors put at the head of a topic's page."""

    topic = ParentalKey(Topic, on_delete=models.CASCADE, related_name="key_articles")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")

    panels = [PageChooserPanel("article")]

    class Meta(Orderable.Meta):
        constraints = [models.UniqueConstraint(fields=["topic", "article"], name="key_article_once")]

    def __str__(self) -> str:
        return f"{self.article_id} of {self.topic_id}"


class Relation(LogsChanges, ClusterableModel):
    """What the editors say of two countries (or other topics) and each other. Its page is /topics/A/B/, slugs in their order."""

    first = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    introduction = models.TextField(blank=True, help_text="A paragraph or more at the head of the pair's page.")

    panels = [
        FieldRowPanel([FieldPanel("first"), FieldPanel("second")]),
        FieldPanel("introduction"),
        InlinePanel("milestones", heading="Milestones", label="Milestone"),
    ]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="one_relation_a_pair")]

    def __str__(self) -> str:
        return f"{self.first} and {self.second}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the pair in one order, so that the database refuses it twice."""
        if self.first_id > self.second_id:
            self.first, self.second = self.second, self.first
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return addresses.pair(self.first.slug, self.second.slug)

    def clean(self) -> None:
        """Refuse a topic with itself, and a pair that is there already, whichever way round."""
        super().clean()
        if self.first_id and self.first_id == self.second_id:
            raise ValidationError({"second": "Please choose two different topics."})
        if self.first_id and self.second_id:
            pair = [self.first_id, self.second_id]
            if Relation.objects.filter(first__in=pair, second__in=pair).exclude(pk=self.pk).exists():
                raise ValidationError("There is a page for these two already.")


class Milestone(Orderable):
    """Something that happened between two, and when."""

    relation = ParentalKey(Relation, on_delete=models.CASCADE, related_name="milestones")
    date = models.DateField()
    date_precision = models.CharField(
        max_length=5, choices=[("day", "Day"), ("month", "Month"), ("year", "Year")], default="day"
    )
    text = models.CharField("what happened", max_length=300)
    article = models.ForeignKey(Article, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    panels = [FieldRowPanel([FieldPanel("date"), FieldPanel("date_precision")]), FieldPanel("text"), PageChooserPanel("article")]

    class Meta(Orderable.Meta):
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date}: {self.text[:60]}"


class SavedArticle(models.Model):
    """A reader kept an article for later."""

    reader = models.ForeignKey("readers.Reader", on_delete=models.CASCADE, related_name="saved")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "article"], name="saved_once")]
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.reader_id} saved {self.article_id}"
