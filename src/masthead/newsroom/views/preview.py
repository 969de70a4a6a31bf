"""An edition's preview in its frame, and the test mail."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe
from wagtail.log_actions import log

from masthead.core import limits
from masthead.newsroom import proofs
from masthead.newsroom.views import previewing
from masthead.newsroom.views.editions import ensure_editor, found, see_other

TESTS_AN_HOUR = {"by": 30, "to": 10}
# Mail runs no script anywhere; nothing but pictures and its own styles is loaded, and it can neither navigate nor send
POLICY = "sandbox; default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src 'none'"


@require_safe
@xframe_options_sameorigin
def preview(request: HttpRequest, number: int) -> HttpResponse:
    """The mail itself, as the address asks for it."""
    ensure_editor(request)
    edition, look = found(number), previewing.wanted(request)
    told = previewing.shown(edition, look)
    if look.part == "text":
        told = render_to_string("newsroom/newsletters/preview_text.html", {"text": told, "look": look})
    response = HttpResponse(told)
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "private, no-store"
    return response


class TestForm(forms.Form):
    """To whom a test goes, and as whom they are to read it."""

    to = forms.EmailField(label="Address", error_messages={"required": "Please type the address the test is to go to."})
    standing = forms.ChoiceField(choices=list(previewing.STANDINGS.items()), label="As")


@require_POST
def send_test(request: HttpRequest, number: int) -> HttpResponse:
    """Mail the edition as it is saved to one typed address, marked as a test."""
    ensure_editor(request)
    edition = found(number)
    back = see_other(f"{reverse('newsroom_edition', args=[number])}#test")
    form = TestForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(sentence for errors in form.errors.values() for sentence in errors))
        return back
    to = form.cleaned_data["to"]
    over = limits.over_hourly(
        {"test by": (request.user.subject, TESTS_AN_HOUR["by"]), "test to": (to.lower(), TESTS_AN_HOUR["to"])}
    )
    if over:
        messages.error(request, "That is enough tests for an hour; please look at the preview, or wait a little.")
        return back
    proofs.mail_test(edition=edition, to=to, standing=form.cleaned_data["standing"], by=request.user)
    log(edition, "masthead.edition.test", user=request.user)
    messages.success(request, f"A test is on its way to {to}, with [Test] before its subject.")
    return back
