"""The account: what is yours here, and the forms that change it.

For one reader only: never reused, and with Django's token in its forms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from masthead.billing import purchase
from masthead.core import clock, privacy
from masthead.core.models import Publication
from masthead.front import account, mail_choices, services, subscription
from masthead.front.render import render_personal
from masthead.front.views.journey import SeeOther, _answer, asked_too_often, reader_of, too_many
from masthead.front.views.posting import account_form
from masthead.newsletters import choices, suppression
from masthead.newsletters import services as newsletters
from masthead.readers import addresses, codes, devices, sessions
from masthead.readers import services as readers
from masthead.readers.codes import Outcome
from masthead.readers.models import Reader

PAGE = "/account/"
DONE = {  # what the page says after a form that worked: the section it is said in, and the sentence
    "address": ("address", "Your address is changed."),
    "newsletters": ("newsletters", "Your newsletters are saved."),
    "stopped": ("newsletters", "Stopped. Nothing comes any more but what you ask for."),
    "mail-again": ("newsletters", "We mail you again, from the next edition on."),
    "revoked": ("browsers", "That browser is logged out."),
    "cancelled": ("subscription", "It is cancelled. Nothing more is collected; you may take that back below."),
    "resumed": ("subscription", "It goes on. Good to have you back."),
    "given-back": ("subscription", "The second one has ended, and its payment is on its way back. The bank takes some days."),
    "giving-back": (
        "subscription",
        "Our payment provider does not answer just now. It is noted, and we do it for you.",
    ),
    "paused": ("subscription", "It is paused. Resume whenever you like."),
    "changed": ("subscription", "Your plan is changed."),
    "gift-revoked": ("gifts", "That link opens nothing any more. What it opened already stays open."),
    "unfollowed": ("following", "You follow that no longer."),
    "search-renamed": ("searches", "The search has its new name."),
    "search-removed": ("searches", "The search is removed."),
    "feed-ended": ("feeds", "That feed has ended: its address leads nowhere any more."),
    "passkey-added": ("passkeys", "Your passkey is added. Use it the next time you log in."),
    "passkey-renamed": ("passkeys", "The passkey has its new name."),
    "passkey-removed": ("passkeys", "The passkey is removed. Your device may still offer it; delete it there, too."),
}
NOT_LAST = "That is not the code we sent last; "
NOT_OPEN = "No code is open in this browser. Type the new address and we send one there."
TAKEN_BY_NOW = "That address has an account of its own by now. Log in with it instead."
LAST_OF_ALL = "You are the last who may do everything in the newsroom. Give somebody else that first."
STRONG_ONLY = "You work here: log in to the newsroom with your password or passkey first, then change this."

ReaderView = Callable[..., HttpResponse]


def personal(view: ReaderView) -> Callable[..., HttpResponse]:
    """Hand ``view`` the reader who is logged in, and send everyone else to log in. Nothing of the answer is kept anywhere."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        reader = reader_of(request)
        if reader is None:
            way = _way_in(request)
            response: HttpResponse = SeeOther(way) if request.method == "POST" else HttpResponseRedirect(way)
        else:
            response = view(request, reader, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        return response

    return guarded


def _way_in(request: HttpRequest) -> str:
    """Where whoever is not logged in does so. A browser that paid reads everything and has an *Account* in its header: it is led
    to where the mailed code is typed."""
    device = devices.known(request)
    paid = purchase.unproved(device) if device else None
    return f"/subscribe/return/?checkout={paid.reference}" if paid else "/login/"


def page(
    request: HttpRequest,
    reader: Reader,
    problems: dict[str, str] | None = None,
    typed: str = "",
    made: dict[str, str] | None = None,
    *,
    mail_problem: mail_choices.BadChoice | None = None,
    status: int = 422,
) -> HttpResponse:
    """The account page; with ``problems`` (a sentence by field) it is the answer to a form that could not be taken.

    ``made`` is a private feed's new address, shown this once.
    """
    section, sentence = DONE.get(request.GET.get("done", ""), ("", ""))
    context = account.page_context(request, reader)
    context |= {"problems": problems or {}, "typed": typed, "done": {section: sentence} if section and not problems else {}}
    context |= {"made": made, "mail_problem": mail_problem}
    return render_personal(request, "front/account/account.html", context, status=status if problems else 200)


def done(what: str, fragment: str) -> HttpResponse:
    """303 back to the page's section, which says what was done."""
    return SeeOther(f"{PAGE}?done={what}#{fragment}")


@require_safe
@personal
def home(request: HttpRequest, reader: Reader) -> HttpResponse:
    """What is yours here."""
    return page(request, reader)


# --- the address


@require_http_methods(["GET", "HEAD", "POST"])
@personal
def change_email(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Ask to move the account to another address: a code goes there. Whether it is taken is told to its inbox alone.

    No fresh log-in is asked for: whoever lost the old inbox could never give one, and they are who needs this most. The old
    address is told, and the log-ins stay, so that a stranger at an open browser is noticed and undone. Those who work here
    need a strong log-in, since their address may lead to the newsroom.
    """
    if request.method != "POST":
        return HttpResponseRedirect(f"{PAGE}#address")
    typed = request.POST.get("email", "")[:320]
    try:
        address = addresses.clean(typed)
    except addresses.BadAddress as error:
        return page(request, reader, {"email": str(error)}, typed)
    if address == reader.email:
        return page(request, reader, {"email": "That is your address already."}, typed)
    if reader.is_staff and not sessions.in_newsroom(request):
        return page(request, reader, {"email": STRONG_ONLY}, typed)
    if exceeded := asked_too_often(request, address):
        return too_many(request, exceeded)
    device = devices.ensure(request)
    services.ask_to_change_address(reader=reader, device=device, address=address)
    return _answer(request, f"{PAGE}email/confirm/", device)


@require_http_methods(["GET", "HEAD", "POST"])
@personal
def confirm_email(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The code mailed to the new address, typed by the reader who asked, in the browser that asked."""
    device = devices.known(request)
    row = codes.open_row(device, change=True)
    if row is None or row.reader_id != reader.pk:  # somebody else's, who used this browser before
        if request.method == "POST":
            return page(request, reader, {"email": NOT_OPEN})
        return HttpResponseRedirect(f"{PAGE}#address")
    if request.method != "POST":
        return _confirm_page(request, row.address)
    if reader.is_staff and not sessions.in_newsroom(request):
        return page(request, reader, {"email": STRONG_ONLY}, row.address)
    spent = codes.spend(device=device, digits=request.POST.get("code", ""), change=True)
    if spent.outcome is Outcome.WRONG:
        tries = "one try is" if spent.attempts_left == 1 else f"{spent.attempts_left} tries are"
        return _confirm_page(request, row.address, f"{NOT_LAST}{tries} left.")
    if spent.outcome is not Outcome.GOOD or spent.row is None or spent.row.reader_id != reader.pk:
        problem = "That code is no longer good. Type the new address and we send another."
        return page(request, reader, {"email": problem}, row.address)
    if spent.row.address != reader.email:  # else the mailed link has done it already
        try:
            services.change_address(row=spent.row)
        except readers.AddressTaken:
            return page(request, reader, {"email": TAKEN_BY_NOW}, row.address)
    request.visitor_changed = True  # type: ignore[attr-defined]
    return done("address", "address")


def _confirm_page(request: HttpRequest, address: str, error: str = "") -> HttpResponse:
    return render_personal(
        request, "front/account/confirm_email.html", {"address": address, "error": error}, status=422 if error else 200
    )


# --- newsletters and log-ins


@account_form
@personal
def set_newsletters(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Make what is chosen what comes. A form of ticks alone (another page's) changes newsletters and nothing else."""
    if request.POST.get("stop"):
        choices.stop_everything(reader=reader, origin="account")
        return done("stopped", "newsletters")
    if not request.POST.get("mail"):
        newsletters.set_ticks(reader=reader, slugs=newsletters.known(request.POST.getlist("newsletters")), origin="account")
        return done("newsletters", "newsletters")
    try:
        wanted = mail_choices.read(request.POST, today=account.day(clock.now(), account.zone_of(request)))
    except mail_choices.BadChoice as problem:
        return page(request, reader, {FIELDS.get(problem.field, "newsletters"): str(problem)}, mail_problem=problem)
    choices.save(reader=reader, wanted=wanted, origin="account")
    return done("newsletters", "newsletters")


FIELDS = {"paused_until": "mail-pause", "timezone": "mail-zone", "alerts": "mail-alerts"}  # where on the page each stands


@account_form
@personal
def mail_again(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Mail to an address that came back once more: for whoever logged in since by a code that arrived there."""
    if not account.proved_since(reader):
        sentence = "Log in with a mailed code first: then we know that the address takes mail."
        return page(request, reader, {"newsletters": sentence})
    suppression.lift(reader=reader)
    return done("mail-again", "newsletters")


@account_form
@personal
def revoke(request: HttpRequest, reader: Reader) -> HttpResponse:
    """End one log-in; one's own is logging out."""
    number = request.POST.get("id", "")
    here = next((browser.id for browser in account.browsers(request, reader, account.zone_of(request)) if browser.here), None)
    if number == str(here):
        sessions.log_out(request)
        return _answer(request, "/#logged-out")
    numeral = number.isascii() and number.isdigit() and len(number) < 19
    if not numeral or not sessions.revoke(reader=reader, login_id=int(number)):
        return page(request, reader, {"browsers": "That log-in is over already."})
    request.visitor_changed = True  # type: ignore[attr-defined]
    return done("revoked", "browsers")


# --- everything held about me, and nothing any more


@require_http_methods(["GET", "HEAD", "POST"])
@personal
def download(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Everything held about the reader, as a file."""
    publication = Publication.load()
    everything = {"publication": publication.name, "taken": clock.now(), "held": privacy.export(reader)}
    response = JsonResponse(everything, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{slugify(publication.name) or "account"}-account.json"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@personal
def delete(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Say what deleting means, and do it once the reader typed their address."""
    if request.method != "POST":
        return _delete_page(request, reader)
    typed = request.POST.get("email", "")[:320]
    if addresses.identity(typed.strip().lower()) != addresses.identity(reader.email.lower()):
        return _delete_page(request, reader, "Type your address as it stands above: that is how we know you mean it.", typed)
    if reader.is_staff and not sessions.in_newsroom(request):
        return _delete_page(request, reader, STRONG_ONLY, typed)
    if reader.is_superuser and not Reader.objects.filter(is_superuser=True, is_active=True).exclude(pk=reader.pk).exists():
        return _delete_page(request, reader, LAST_OF_ALL, typed)
    services.delete_account(reader=reader)
    sessions.log_out(request)
    return _answer(request, "/#deleted")


def _delete_page(request: HttpRequest, reader: Reader, error: str = "", typed: str = "") -> HttpResponse:
    reading = account.reading(request, reader, request.policy, clock.now())  # type: ignore[attr-defined]
    context = {"reader": reader, "reading": reading, "error": error, "typed": typed, "gifts": reader.gift_links.exists()}
    context |= {"subscriptions": [one for one in subscription.of(reader) if one.deleted]}
    return render_personal(request, "front/account/delete.html", context, status=422 if error else 200)
