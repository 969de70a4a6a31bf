"""The editions: what comes, what goes out now, what was; and the desk on which one of them is edited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import URLValidator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.timezone import localtime
from wagtail.log_actions import log

from masthead.articles.models import Article
from masthead.core import clock
from masthead.newsletters import composing, letters
from masthead.newsletters import editions as services
from masthead.newsletters.models import Block, Edition, EditionItem, LinkClicks, Newsletter, RadarEvent, WireEntry
from masthead.newsletters.progress import progress
from masthead.newsroom import due, editions
from masthead.newsroom.audience import recipients
from masthead.newsroom.editions import CannotEdit, Changed, Typed, Words
from masthead.newsroom.views import previewing
from masthead.newsroom.views.base import NewsroomPage, may

DESK = ("newsletters.change_edition",)
PAST = 40
LATELY = 14  # articles, entries and events offered before anybody searches
REFUSED = (services.NotNow, CannotEdit)

State = Edition.State
COMING, RUNNING, OVER = (
    (State.DRAFT, State.APPROVED),
    (State.SENDING, State.PAUSED),
    (State.DONE, State.CANCELLED, State.SKIPPED),
)


def found(number: int) -> Edition:
    """The edition, with its newsletter."""
    return get_object_or_404(Edition.objects.select_related("newsletter", "approved_by"), pk=number)


def ensure_editor(request: HttpRequest) -> None:
    """Whoever may not edit editions goes no further."""
    if not may(request, *DESK):
        raise PermissionDenied


def see_other(url: str) -> HttpResponseRedirect:
    """The answer to a POST that was carried out, or refused with a sentence on the next page."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


# The list ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Next:
    """A newsletter and when it comes; ``prepare`` is the date whose edition can be begun now."""

    newsletter: Newsletter
    when: list[due.Coming]
    prepare: date | None = None


class EditionsPage(NewsroomPage):
    """What comes, what goes out now, what was."""

    template_name = "newsroom/newsletters/editions.html"
    page_title = "Editions"
    header_icon = "mail"
    permissions = DESK

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = clock.now()
        rows = Edition.objects.select_related("newsletter", "approved_by")
        coming = list(rows.filter(state__in=COMING).order_by("due").annotate(things=Count("items")))
        over = rows.filter(state__in=OVER).order_by("-due")
        which = self.request.GET.get("newsletter", "")
        if which:
            over = over.filter(newsletter__slug=which)
        over = list(over[:PAST])
        clicks = LinkClicks.objects.filter(link__edition__in=over).values("link__edition").annotate(n=Sum("count"))
        counted = {row["link__edition"]: row["n"] for row in clicks}
        running = [(row, progress(row)) for row in rows.filter(state__in=RUNNING).order_by("due")]
        newsletters = list(Newsletter.objects.prefetch_related("blocks"))
        return super().get_context_data(**kwargs) | {
            "coming": [(row, words(row, now)) for row in coming],
            "running": running,
            "over": [(row, counted.get(row.pk, 0)) for row in over],
            "next": [next_of(each, now) for each in newsletters if each.weekdays],
            "newsletters": newsletters,
            "which": which,
            "may_special": self.request.user.has_perm("newsletters.add_edition"),
            "may_pause": self.request.user.has_perm("newsletters.change_newsletter"),
        }


def next_of(newsletter: Newsletter, now: datetime) -> Next:
    """When ``newsletter`` comes, and what of that can be begun."""
    coming = services.next_date(newsletter, now)
    return Next(newsletter, due.coming(newsletter, now, 2), coming.date if coming else None)


class PrepareView(NewsroomPage):
    """Begins a newsletter's next edition before its cut-off, and shows it."""

    permissions = DESK
    http_method_names = ("post",)

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        newsletter = get_object_or_404(Newsletter, pk=number)
        try:
            day = date.fromisoformat(request.POST.get("day", ""))
        except ValueError:
            raise PermissionDenied from None
        try:
            edition, made = services.prepare(newsletter=newsletter, day=day)
        except REFUSED as error:
            messages.error(request, str(error))
            return see_other(reverse("newsroom_editions"))
        if made:
            log(edition, "masthead.edition.prepare", user=request.user)
            messages.success(request, "A draft of what there is now. What comes until its cut-off comes in by itself.")
        return see_other(reverse("newsroom_edition", args=[edition.pk]))


def words(edition: Edition, now: datetime) -> str:
    """What will become of it, in a sentence."""
    late = edition.due <= now
    if edition.newsletter.paused:
        return f"Does not go: {edition.newsletter.title} is paused ({edition.newsletter.paused})."
    if edition.state == State.APPROVED:
        who = f" by {edition.approved_by.get_full_name() or edition.approved_by.email}" if edition.approved_by else ""
        return f"Approved{who}; {'goes in a moment' if late else 'goes at its hour'}."
    if edition.held:
        return "Held: it does not go by itself."
    draft = "A draft:"
    if services.is_prepared(edition) and services.cutoff(edition) > now:
        cutoff = localtime(services.cutoff(edition))
        draft = f"A draft, begun early; what is new by {cutoff:%A} at {cutoff:%H:%M} comes in by itself. Then"
    if edition.kind == Edition.Kind.SPECIAL or edition.newsletter.goes == Newsletter.Goes.APPROVED:
        return f"{draft} it goes only when an editor has approved it."
    return f"{draft} it goes by itself " + ("in a moment, unless somebody holds it." if late else "at its hour, unless held.")


# The desk -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Early:
    """A draft that was begun before its cut-off: when that is, and the headlines of what has come since."""

    cutoff: datetime
    new: tuple[str, ...]


def early(edition: Edition) -> Early | None:
    """What the desk says of a draft that was begun before its cut-off."""
    if edition.state != State.DRAFT or not services.is_prepared(edition):
        return None
    things = composing.coming_in(edition)
    titles = dict(Article.objects.filter(pk__in=[each.article for each in things if each.article]).values_list("pk", "title"))
    news = dict(WireEntry.objects.filter(pk__in=[each.entry for each in things if each.entry]).values_list("pk", "headline"))
    return Early(services.cutoff(edition), tuple(titles.get(each.article) or news[each.entry] for each in things))


class HeadForm(forms.ModelForm):
    """What stands before and above the items."""

    class Meta:
        model = Edition
        fields = ("subject", "preheader", "opening", "body", "heading", "subject_b", "sample_percent", "sample_wait")
        labels = {"opening": "Opening", "body": "What it says", "heading": "Above its articles"}
        widgets = {
            "heading": forms.TextInput(attrs={"placeholder": letters.BELOW}),
            "opening": forms.Textarea(attrs={"rows": 4}),
            "body": forms.Textarea(attrs={"rows": 14}),
            "sample_percent": forms.NumberInput(attrs={"min": 1, "max": 50}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("opening",) if self.instance.kind == Edition.Kind.SPECIAL else ("body", "heading"):
            del self.fields[name]
        for name, number in (("sample_percent", 20), ("sample_wait", 30)):
            self.fields[name].required = False
            self.fields[name].initial = number

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in ("sample_percent", "sample_wait"):
            if cleaned.get(name) is None:
                cleaned[name] = getattr(self.instance, name)
        if cleaned.get("subject_b") and not cleaned.get("sample_percent"):
            self.add_error("sample_percent", "Each subject has to be tried on somebody: 1 percent at least.")
        return cleaned


LIMITS = {"headline": 200, "text": 4000, "url": 1000, "source": 120}
CALLED = {"headline": "a headline", "text": "a text", "url": "an address", "source": "a source"}


def typed_texts(data: Any) -> tuple[dict[int, dict[str, str]], dict[int, str]]:
    """The items' texts of the form, and what is wrong with them, by item."""
    texts: dict[int, dict[str, str]] = {}
    wrong: dict[int, str] = {}
    for number in numbers(data.getlist("item")):
        texts[number] = {name: plain(data[f"{name}-{number}"]) for name in LIMITS if f"{name}-{number}" in data}
        for name, value in texts[number].items():
            if len(value) > LIMITS[name]:
                wrong[number] = f"Please write {CALLED[name]} of at most {LIMITS[name]} characters; this has {len(value)}."
        url = texts[number].get("url", "").strip()
        if url:
            try:
                URLValidator(["http", "https"])(url)
            except ValidationError:
                wrong[number] = f"“{url}” is not an address; it begins with https://."
    return texts, wrong


def plain(text: str) -> str:
    """What was typed, without the character PostgreSQL keeps in no text."""
    return text.replace("\x00", "")


def numbers(values: Any) -> list[int]:
    """Those of ``values`` that are numbers of rows."""
    return [int(value) for value in values if value.isdecimal() and len(value) < 19]


class EditionPage(NewsroomPage):
    """The desk. Every button keeps what was typed first, so that nothing is lost; a script sends the same form."""

    template_name = "newsroom/newsletters/edition.html"
    header_icon = "mail"
    permissions = DESK

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        edition = found(kwargs["number"])
        if edition.state not in COMING:
            return HttpResponseRedirect(reverse("newsroom_edition_sending", args=[edition.pk]))
        return super().get(request, *args, edition=edition, **kwargs)

    def get_page_title(self) -> str:
        return str(getattr(self, "page_title", "Edition"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        edition = kwargs["edition"]
        self.page_title = title_of(edition)
        self.breadcrumbs_items = crumbs(self)
        return super().get_context_data(**kwargs) | self.desk(edition, kwargs)

    def desk(self, edition: Edition, kwargs: dict[str, Any]) -> dict[str, Any]:
        """What the form's template needs. ``kwargs`` may bring a bound form and texts that were typed and not kept."""
        sheet = editions.sheet(edition)
        typed: dict[int, dict[str, str]] = kwargs.get("typed") or {}
        wrong: dict[int, str] = kwargs.get("wrong") or {}
        parts = [(part, [shown(line, typed, wrong) for line in part.lines]) for part in sheet.parts]
        size, shortened = previewing.measure(edition)
        return {
            "edition": edition,
            "sheet": sheet,
            "parts": parts,
            "special": edition.kind == Edition.Kind.SPECIAL,
            "form": kwargs.get("form") or HeadForm(instance=edition),
            "conflict": kwargs.get("conflict"),
            "words": words(edition, clock.now()),
            "remarks": editions.remarks(sheet, shortened=shortened),
            "size": size,
            "recipients": recipients(edition),
            "approves": edition.state == State.DRAFT,
            "early": early(edition),
            "by_itself": edition.kind == Edition.Kind.SCHEDULED and edition.newsletter.goes == Newsletter.Goes.BY_ITSELF,
            "history": editions.history(edition),
            "preview": previewing.wanted(self.request),
            "look_groups": previewing.groups(previewing.wanted(self.request), other_subject=bool(edition.subject_b)),
            "test_to": self.request.user.email,
        }

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        edition = found(number)
        if edition.state not in COMING:
            messages.error(request, f"This edition is {edition.get_state_display().lower()}; nothing was saved.")
            return see_other(reverse("newsroom_edition", args=[number]))
        form = HeadForm(request.POST, instance=found(number))
        texts, wrong = typed_texts(request.POST)
        if not form.is_valid() or wrong:
            return self._again(edition, form, texts, wrong, "Not saved yet: see the sentences below.", 422)
        typed = Typed(form.cleaned_data, texts, numbers(request.POST.getlist("item")))
        try:
            different = editions.save(number=number, seen=request.POST.get("seen", ""), typed=typed, by=request.user)
            sentence, onward = self._do(edition, request.POST.get("do", "save"))
        except Changed:
            return self._conflict(edition, form, texts)
        except REFUSED as error:
            return self._answer(edition, str(error), done=False, onward="")
        return self._answer(edition, sentence or ("Saved." if different else "Nothing was changed."), done=True, onward=onward)

    def _do(self, edition: Edition, do: str) -> tuple[str, str]:
        """What the pressed button asks for besides saving: the sentence to say, and where to go on (empty: here)."""
        action, _, what = do.partition(":")
        number, by = edition.pk, self.request.user
        row = numbers([what])[0] if numbers([what]) else 0
        match action:
            case "up" | "down":
                title = editions.move(number=number, item=row, by=by, steps=-1 if action == "up" else 1)
                return f"“{title}” moved {action}.", ""
            case "remove":
                return f"“{editions.take_out(number=number, item=row, by=by)}” is out.", ""
            case "pin":
                return editions.pin(number=number, item=row, by=by), ""
            case "restore":
                return f"“{editions.put_back(number=number, aside=row, by=by)}” is in again.", ""
            case "add":
                return "", reverse("newsroom_edition_add", args=[number, what if what in Block.values else Block.LATEST])
            case "approve" if edition.kind == Edition.Kind.SPECIAL:
                return "", reverse("newsroom_special_approve", args=[number])
            case "approve" | "unapprove" | "hold" | "release" | "complete":
                return act(edition, action, by), ""
            case "sure":
                return "", reverse("newsroom_edition_sure", args=[number, what if what in SURE else "recompose"])
        return "", ""

    def _again(self, edition: Edition, form: HeadForm, texts: Any, wrong: Any, sentence: str, status: int) -> HttpResponse:
        if scripted(self.request):
            return self._fragment(edition, sentence, False, form=form, typed=texts, wrong=wrong, status=status)
        messages.error(self.request, sentence)
        return self.render_to_response(self.get_context_data(edition=edition, form=form, typed=texts, wrong=wrong), status=status)

    def _conflict(self, edition: Edition, form: HeadForm, texts: dict[int, dict[str, str]]) -> HttpResponse:
        """What was typed, beside what the other editor saved; saving again takes what stands in the form."""
        now = found(edition.pk)
        name = editions.last_editor(now, self.request.user)
        theirs = [
            (str(form.fields[field].label or field).capitalize(), getattr(now, field))
            for field in form.fields
            if str(getattr(now, field)) != str(form.cleaned_data[field])
        ]
        lines = list(editions.sheet(now).lines())
        for line in lines:
            mine = texts.get(line.item.pk)
            if mine is None:
                theirs.append(("Put in meanwhile", line.headline))
                continue
            for field, was in (("headline", line.headline), ("text", line.text)):
                if field in mine and mine[field].strip().replace("\r\n", "\n") != was.strip():
                    theirs.append((f"{field.capitalize()} of “{line.headline}”", was))
        there = {line.item.pk for line in lines}
        for pk, mine in texts.items():
            if pk not in there:  # what was written on it is shown once more: no form holds it from here on
                wrote = " · ".join(filter(None, map(str.strip, mine.values())))
                theirs.append(("Not in it any more; in your form it was", wrote))
        sentence = f"{name} changed this edition while you were writing. Nothing of yours is saved yet."
        conflict = {"who": name, "theirs": theirs}
        if scripted(self.request):
            return self._fragment(now, sentence, False, form=form, typed=texts, conflict=conflict, status=409)
        context = self.get_context_data(edition=now, form=form, typed=texts, conflict=conflict)
        return self.render_to_response(context, status=409)

    def _answer(self, edition: Edition, sentence: str, *, done: bool, onward: str) -> HttpResponse:
        number = edition.pk
        if scripted(self.request):
            response = self._fragment(found(number), sentence, done, status=200 if done else 409)
            if onward:
                response["X-Onward"] = onward
            return response
        if not onward:
            (messages.success if done else messages.error)(self.request, sentence)
        return see_other(onward or reverse("newsroom_edition", args=[number]))

    def _fragment(self, edition: Edition, sentence: str, done: bool, *, status: int, **kwargs: Any) -> HttpResponse:
        context = self.desk(edition, kwargs) | {"sentence": sentence, "done": done}
        return HttpResponse(render_to_string("newsroom/newsletters/_desk.html", context, self.request), status=status)


def scripted(request: HttpRequest) -> bool:
    """Whether a script sent the form, and wants only the desk back."""
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def shown(line: editions.Line, typed: dict[int, dict[str, str]], wrong: dict[int, str]) -> dict[str, Any]:
    """An item's fields as the form shows them: what was typed and not kept, else what is kept."""
    mine = typed.get(line.item.pk, {})
    return {
        "line": line,
        "wrong": wrong.get(line.item.pk, ""),
        **{name: mine.get(name, getattr(line, name)) for name in LIMITS},
    }


def title_of(edition: Edition) -> str:
    """A page's title: the newsletter and its date."""
    day = f"{edition.date:%A} {edition.date.day} {edition.date:%B}"
    special = "special, " if edition.kind == Edition.Kind.SPECIAL else ""
    return f"{edition.newsletter.title}, {special}{day}"


def crumbs(page: Any, edition: Edition | None = None) -> list[dict[str, str]]:
    """The way back to the list, and to the edition where the page is about a part of it."""
    items = [{"url": reverse("newsroom_editions"), "label": "Editions"}]
    if edition is not None:
        items.append({"url": reverse("newsroom_edition", args=[edition.pk]), "label": title_of(edition)})
    return items


# What is done to it as a whole ----------------------------------------------------------------------------------------

# action -> (service, what to say, whether the service keeps who did it)
ACTIONS: dict[str, tuple[Callable[..., Any], str, bool]] = {
    "approve": (services.approve, "Approved: it goes at its hour.", True),
    "unapprove": (services.unapprove, "A draft again.", False),
    "hold": (services.hold, "Held: it does not go by itself.", False),
    "release": (services.release, "It goes by itself again.", False),
    "recompose": (editions.recompose, "Composed anew; what editors wrote is kept.", False),
    "complete": (services.complete, "What is new is in it; what editors did is kept.", False),
    "now": (editions.go_now, "It goes now; addresses are being collected.", True),
    "cancel": (services.cancel, "Cancelled.", True),
}


def act(edition: Edition, action: str, by: Any) -> str:
    """Do it, log who did, and say what happened."""
    service, sentence, signed = ACTIONS[action]
    service(edition=edition, **({"by": by} if signed else {}))
    log(edition, f"masthead.edition.{action}", user=by)
    return sentence


# action -> (title, what it means, the button)
SURE = {
    "recompose": (
        "Compose it anew?",
        "Each block is filled again from what there is now. What you wrote, and what you put in by hand with words of your own, "
        "stays; your order and what you took out do not.",
        "Compose anew",
    ),
    "now": (
        "Let it go now?",
        "It is approved, frozen as it stands and handed to the mail server at once. What is mailed cannot be called back.",
        "Let it go now",
    ),
    "cancel": (
        "Cancel this edition?",
        "It does not go out, and no other is composed for its day. What would have been in it is in the next one.",
        "Cancel the edition",
    ),
}


class SurePage(NewsroomPage):
    """Asks once more before what cannot be undone, with the number of recipients."""

    template_name = "newsroom/newsletters/sure.html"
    header_icon = "warning"
    permissions = DESK
    page_title = "Sure?"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        edition, action = found(kwargs["number"]), kwargs["action"]
        if action not in SURE:
            self._none()
        self.page_title, meaning, button = SURE[action]
        self.breadcrumbs_items = crumbs(self, edition)
        sheet = editions.sheet(edition)
        return super().get_context_data(**kwargs) | {
            "edition": edition,
            "meaning": meaning,
            "button": button,
            "danger": action != "recompose",
            "recipients": recipients(edition) if action == "now" else None,
            "remarks": editions.remarks(sheet) if action == "now" else [],
        }

    def _none(self) -> NoReturn:
        from django.http import Http404

        raise Http404

    def post(self, request: HttpRequest, number: int, action: str) -> HttpResponse:
        edition = found(number)
        if action not in SURE:
            self._none()
        try:
            messages.success(request, act(edition, action, request.user))
        except REFUSED as error:
            messages.error(request, str(error))
        return see_other(reverse("newsroom_edition", args=[number]))


# Putting something in -------------------------------------------------------------------------------------------------


class WordsForm(forms.Form):
    """Something in the editor's own words."""

    headline = forms.CharField(max_length=200)
    text = forms.CharField(max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    url = forms.URLField(max_length=1000, required=False, label="Link", assume_scheme="https")
    source = forms.CharField(max_length=120, required=False, help_text="Whose it is, of outside news.")


class AddPage(NewsroomPage):
    """What can be put into one block: articles, outside news, events, or words of the editor's own. One press puts it in."""

    template_name = "newsroom/newsletters/add.html"
    header_icon = "plus"
    permissions = DESK

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        edition, block = found(kwargs["number"]), kwargs["block"]
        label = Block(block).label if block in Block.values else "the edition"
        special = edition.kind == Edition.Kind.SPECIAL
        self.page_title = "Put something below the text" if special else f"Put something under “{label}”"
        self.breadcrumbs_items = crumbs(self, edition)
        text = self.request.GET.get("q", "").strip()[:100]
        inside = EditionItem.objects.filter(edition=edition)
        offers = {"article": self._articles(text, inside), "entry": self._entries(edition, text, inside),
                  "event": self._events(edition, text, inside)}  # fmt: skip
        first = {"wire": "entry", "radar": "event"}.get(block, "article")
        if block in editions.ONLY_ARTICLES:
            offers = {"article": offers["article"]}
        headings = {"article": "Articles", "entry": "Outside news", "event": "Events"}
        order = sorted(offers, key=lambda kind: kind != first)
        return super().get_context_data(**kwargs) | {
            "edition": edition,
            "block": block,
            "q": text,
            "offers": [(kind, headings[kind], offers[kind]) for kind in order],
            "form": None if block in editions.ONLY_ARTICLES else kwargs.get("form") or WordsForm(),
        }

    def _articles(self, text: str, inside: Any) -> list[tuple[int, str, str]]:
        rows = Article.objects.live().defer("body").filter(dated__lte=clock.now())
        if text:
            rows = rows.filter(Q(title__icontains=text) | Q(standfirst__icontains=text))
        rows = rows.exclude(pk__in=inside.exclude(article=None).values("article")).order_by("-dated")[:LATELY]
        return [(row.pk, row.title, f"{row.dated:%-d %B %Y}" if row.dated else "") for row in rows]

    def _entries(self, edition: Edition, text: str, inside: Any) -> list[tuple[int, str, str]]:
        rows = WireEntry.objects.filter(dismissed=None).exclude(pk__in=inside.exclude(entry=None).values("entry"))
        if text:
            rows = rows.filter(Q(headline__icontains=text) | Q(summary__icontains=text) | Q(publisher__icontains=text))
        rows = rows.select_related("source").order_by("-picked" if not text else "-seen", "-seen")[:LATELY]
        return [(row.pk, row.headline, row.publisher or (row.source.name if row.source else "")) for row in rows]

    def _events(self, edition: Edition, text: str, inside: Any) -> list[tuple[int, str, str]]:
        rows = RadarEvent.objects.filter(Q(starts__gte=edition.date) | Q(ends__gte=edition.date))
        rows = rows.exclude(pk__in=inside.exclude(event=None).values("event"))
        if text:
            rows = rows.filter(Q(title__icontains=text) | Q(text__icontains=text) | Q(place__icontains=text))
        return [(row.pk, row.title, letters.when(row)) for row in rows.order_by("starts", "hour")[:LATELY]]

    def post(self, request: HttpRequest, number: int, block: str) -> HttpResponse:
        found(number)
        kind, _, row = request.POST.get("put", "").partition(":")
        chosen: dict[str, Any] = {}
        if kind == "words":
            form = WordsForm(request.POST)
            if not form.is_valid():
                context = self.get_context_data(number=number, block=block, form=form)
                return self.render_to_response(context, status=422)
            chosen["words"] = Words(**form.cleaned_data)
        else:
            model = {"article": Article, "entry": WireEntry, "event": RadarEvent}.get(kind)
            if model is None:
                raise PermissionDenied
            rows: Any = model._default_manager.all()
            rows = rows.defer("body") if kind == "article" else rows
            chosen[kind] = get_object_or_404(rows, pk=(numbers([row]) or [0])[0])
        try:
            added = editions.add(number=number, block=block, by=request.user, **chosen)
            messages.success(request, f"“{added.headline or editions.own_words(added).headline}” is in.")
        except REFUSED as error:
            messages.error(request, str(error))
        return see_other(f"{reverse('newsroom_edition', args=[number])}#block-{block}")
