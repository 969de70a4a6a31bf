"""Attempts to get into the newsroom without what it asks for (DESIGN 3: six digits never open it)."""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
import time
from base64 import b32decode
from dataclasses import replace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.webauthn.internal.flows import add_authenticator
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import Client, RequestFactory

from factories import make_reader
from masthead.access import passes
from masthead.core.models import Change, Event, OutgoingMail
from masthead.newsroom.adapters import method_of
from masthead.readers import sessions
from masthead.readers.models import Login
from newsroom_people import PASSWORD, in_by_code, log_in

pytestmark = pytest.mark.django_db

INSIDE = [
    "/newsroom/",
    "/newsroom/planner/",
    "/newsroom/articles/",
    "/newsroom/articles/results/",
    "/newsroom/policy/",
    "/newsroom/explain/",
    "/newsroom/readers/?q=ada",
    "/newsroom/pages/",
    "/newsroom/choose-page/",
    "/newsroom/choose-page/search/?q=a",
    "/newsroom/tag-autocomplete/?term=a",
    "/newsroom/api/main/pages/?fields=*",
    "/newsroom/api/main/images/",
    "/newsroom/images/chooser/",
    "/newsroom/documents/chooser/",
    "/newsroom/users/",
    "/newsroom/groups/",
    "/newsroom/auth/2fa/",
    "/newsroom/auth/2fa/passkeys/add/",
    "/newsroom/auth/2fa/app/",
    "/newsroom/auth/password/",
    "/newsroom/auth/password/set/",
    "/newsroom/account/",
    "/newsroom/no-such-page/",
]


def totp(secret: str, moment: float | None = None) -> str:
    """RFC 6238, computed here: what an authenticator app shows."""
    counter = struct.pack(">Q", int(moment or time.time()) // 30)
    digest = hmac.new(b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


@pytest.mark.parametrize("path", INSIDE)
def test_nobody_and_a_code_session_get_the_login_page(path, staff):
    editor = staff("Editor")
    for client in (Client(), Client()):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/newsroom/login/?next=")
        in_by_code(client, editor)
        answer = client.get(path)
        assert (answer.status_code, answer["Location"][:16]) == (302, "/newsroom/login/")
        assert client.get(path, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 403
        assert client.post(path, {}).status_code == 303


def test_a_code_session_of_staff_carries_no_staff_standing(staff):
    client = Client()
    in_by_code(client, staff("Editor"))
    assert client.session[sessions.NEWSROOM] == ""
    page = client.get("/newsroom/login/")
    assert page.status_code == 200
    assert b"logged in as a reader" in page.content


def test_a_password_opens_the_newsroom_and_renews_the_session_key(staff):
    client, editor = Client(), staff("Editor")
    client.get("/newsroom/login/")
    session = client.session
    session["planted"] = 1
    session.save()
    planted = session.session_key
    client.cookies["masthead_session"] = planted
    answer = log_in(client, editor)
    assert answer["Location"] == "/newsroom/"
    assert client.session.session_key != planted, "a planted session would be logged in with them"
    assert client.get("/newsroom/").status_code == 200
    # the pass minted before says nothing of this standing
    assert answer.cookies[passes.COOKIE]["max-age"] == 0
    row = Login.objects.get(reader=editor)
    assert (row.method, row.session_key) == ("password", client.session.session_key)
    assert Event.objects.filter(kind="login", subject=editor.subject, data__method="password").exists()


def test_a_code_session_becomes_a_newsroom_session_only_by_the_password(staff):
    client, editor = Client(), staff("Editor")
    in_by_code(client, editor)
    assert log_in(client, editor, password="wrong password").status_code == 200
    assert client.get("/newsroom/").status_code == 302
    assert log_in(client, editor).status_code == 302
    assert client.get("/newsroom/").status_code == 200
    assert Login.objects.filter(reader=editor).count() == 1, "the code session is gone, not listed twice"


def test_a_reader_with_a_password_learns_no_more_than_one_who_mistyped(staff):
    reader, editor = make_reader("once-an-editor@example.org"), staff("Editor")
    reader.set_password(PASSWORD)
    reader.save()
    right, wrong, unknown = (
        Client().post("/newsroom/login/", {"login": address, "password": password})
        for address, password in [(reader.email, PASSWORD), (editor.email, "not the password"), ("nobody@example.org", PASSWORD)]
    )
    strip = re.compile(rb'value="[^"]*"')
    pages = {strip.sub(b"", answer.content) for answer in (right, wrong, unknown)}
    assert len(pages) == 1
    assert {answer.status_code for answer in (right, wrong, unknown)} == {200}


def test_disabled_staff_is_out_at_once_and_cannot_come_back(as_role):
    client = as_role("Editor")
    editor = client.reader
    editor.is_active = False
    editor.save()
    assert client.get("/newsroom/").status_code == 302
    assert log_in(Client(), editor).status_code == 200


def test_somebody_who_no_longer_works_here_is_out_at_once(as_role):
    client = as_role("Editor")
    client.reader.is_staff = False
    client.reader.save()
    assert client.get("/newsroom/").status_code == 302


def test_an_enrolled_second_factor_cannot_be_skipped(staff):
    client, editor = Client(), staff("Editor")
    secret = generate_totp_secret()
    TOTP.activate(editor, secret)
    answer = log_in(client, editor)
    assert answer["Location"] == "/newsroom/login/second-factor/"
    for path in INSIDE:
        assert client.get(path).status_code == 302, path
    assert sessions.NEWSROOM not in client.session
    assert "_auth_user_id" not in client.session
    assert (
        client.post("/newsroom/login/second-factor/", {"code": "000000" if totp(secret) != "000000" else "000001"}).status_code
        == 200
    )
    assert client.get("/newsroom/").status_code == 302
    answer = client.post("/newsroom/login/second-factor/", {"code": totp(secret)})
    assert answer["Location"] == "/newsroom/"
    assert client.session[sessions.NEWSROOM] == sessions.SECOND_FACTOR
    assert client.get("/newsroom/").status_code == 200
    # and not a second time with the same code
    other = Client()
    log_in(other, editor)
    other.post("/newsroom/login/second-factor/", {"code": totp(secret)})
    assert other.get("/newsroom/").status_code == 302


def test_a_code_session_does_not_stand_in_for_the_second_factor(staff):
    client, editor = Client(), staff("Editor")
    secret = generate_totp_secret()
    TOTP.activate(editor, secret)
    in_by_code(client, editor)
    assert log_in(client, editor)["Location"] == "/newsroom/login/second-factor/"
    assert "_auth_user_id" not in client.session, "logged in afresh, or the step could be walked around"
    assert client.get("/newsroom/").status_code == 302
    client.post("/newsroom/login/second-factor/", {"code": totp(secret)})
    assert client.get("/newsroom/").status_code == 200


@pytest.fixture
def required(settings):
    settings.MASTHEAD = replace(settings.MASTHEAD, require_second_factor=True)


def test_where_it_is_required_a_password_alone_only_leads_to_enrolling(required, staff):
    client, editor = Client(), staff("Editor")
    log_in(client, editor)
    for path in INSIDE:
        if not path.startswith("/newsroom/auth/2fa/"):
            assert client.get(path)["Location"] == "/newsroom/auth/2fa/", path
    assert client.get("/newsroom/auth/2fa/").status_code == 200
    request = RequestFactory().get("/")
    request.session, request.user = client.session, editor
    assert not sessions.in_newsroom(request), "no staff standing on the reader's pages either"


def test_enrolling_opens_the_session_that_enrolled_and_no_other(required, staff):
    thief, client, editor = Client(), Client(), staff("Editor")
    log_in(thief, editor)
    log_in(client, editor)
    client.post("/newsroom/auth/reauthenticate/?next=/newsroom/auth/2fa/app/", {"password": PASSWORD})
    client.get("/newsroom/auth/2fa/app/")
    answer = client.post("/newsroom/auth/2fa/app/", {"code": totp(client.session["mfa.totp.secret"])})
    assert answer.status_code == 302
    assert client.get("/newsroom/").status_code == 200
    assert thief.get("/newsroom/")["Location"].startswith("/newsroom/login/")
    assert thief.get("/newsroom/auth/2fa/").status_code == 302


def _request(client: Client, user) -> HttpRequest:
    request = RequestFactory().post("/")
    request.session, request.user, request.client_address = client.session, user, "127.0.0.1"
    return request


def test_a_code_session_registers_no_passkey_for_staff_wherever_the_page_is_mounted(staff):
    from allauth.core import context

    client, editor = Client(), staff("Editor")
    in_by_code(client, editor)
    request = _request(client, editor)
    with context.request_context(request), pytest.raises(PermissionDenied):
        add_authenticator(request, "a key", {})
    assert not Authenticator.objects.exists()


def test_wagtails_own_ways_in_lead_to_ours(staff):
    for path in ("/newsroom/password_reset/", "/newsroom/password_reset/confirm/MQ/set-password/"):
        answer = Client().get(path)
        assert answer["Location"].startswith("/newsroom/login/")
    editor = staff("Editor")
    client = Client()
    # Wagtail's form, with its field names, at the address that was Wagtail's
    client.post("/newsroom/login/", {"username": editor.email, "password": PASSWORD})
    assert client.get("/newsroom/").status_code == 302


def test_logging_out_of_the_newsroom_logs_out_the_session(as_role):
    client = as_role("Editor")
    key = client.session.session_key
    assert client.get("/newsroom/logout/").status_code == 200
    assert client.get("/newsroom/").status_code == 200, "looking logs nobody out"
    answer = client.post("/newsroom/logout/")
    assert answer["Location"] == "/newsroom/login/"
    assert answer.cookies[passes.COOKIE]["max-age"] == 0
    assert not Login.objects.filter(session_key=key).exists()
    assert Change.objects.filter(key=f"visitor:{client.reader.subject}").exists()
    assert client.get("/newsroom/").status_code == 302


def test_guessing_passwords_is_limited(staff):
    editor = staff("Editor")
    for _ in range(5):
        log_in(Client(), editor, password="guess guess guess")
    answer = log_in(Client(), editor)
    assert answer.status_code in {200, 429}
    assert Client().get("/newsroom/").status_code == 302


def test_a_reset_link_goes_to_staff_only_and_never_to_a_forged_host(staff):
    editor, reader = staff("Editor"), make_reader("reader@example.org")
    for address in (editor.email, reader.email, "nobody@example.org"):
        answer = Client().post("/newsroom/forgotten/", {"email": address}, headers={"Host": "evil.example"})
        assert answer["Location"] == "/newsroom/forgotten/asked/"
    (mail,) = OutgoingMail.objects.all()
    assert mail.to == editor.email
    assert "evil.example" not in mail.text
    link = re.search(r"http://127\.0\.0\.1:8000(/newsroom/forgotten/\S+)", mail.text)[1]
    client = Client()
    form = client.get(link, follow=True)
    assert form.status_code == 200
    path = form.redirect_chain[-1][0]
    client.post(path, {"password1": "a new long password", "password2": "a new long password"})
    assert client.get("/newsroom/").status_code == 302, "setting a password logs nobody in"
    assert log_in(client, editor, password="a new long password").status_code == 302


def test_nobody_signs_up(db):
    assert Client().get("/newsroom/signup/").status_code in {302, 404}
    assert Client().post("/newsroom/signup/", {"email": "a@example.org", "password1": PASSWORD}).status_code in {303, 404}


@pytest.mark.parametrize(
    ("records", "method"),
    [
        ([], ("code", False)),
        ([{"method": "password"}], ("password", False)),
        ([{"method": "password"}, {"method": "mfa", "type": "totp"}], ("password", True)),
        ([{"method": "mfa", "type": "webauthn", "passwordless": True}], ("passkey", True)),
        ([{"method": "password", "reauthenticated": True}], ("code", False)),
        ([{"method": "mfa", "reauthenticated": True}, {"method": "password"}], ("password", False)),
    ],
)
def test_what_a_login_is_worth(records, method):
    assert method_of(records) == method


def test_a_new_password_ends_every_pass_at_once(as_role):
    client = as_role("Editor")
    before = Change.objects.filter(key=f"visitor:{client.reader.subject}").count()
    fields = {"oldpassword": PASSWORD, "password1": "another horse battery", "password2": "another horse battery"}
    assert client.post("/newsroom/auth/password/", fields).status_code == 302
    client.reader.refresh_from_db()
    assert client.reader.check_password("another horse battery")
    assert Change.objects.filter(key=f"visitor:{client.reader.subject}").count() > before
