"""Passkeys over HTTP: what may add one, what one opens, and every way of cheating with one that we could think of."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from factories import make_article, make_reader
from front.journey import Browser, mails_to
from masthead.core import clock
from masthead.readers import passkeys
from masthead.readers.models import Login, Reader
from readers.soft_key import PRESENT, SoftKey

pytestmark = pytest.mark.django_db

NEWSROOM = "/newsroom/"


def local(**more: Any) -> Browser:
    """A browser that came by name: keys belong to none other than "localhost" here."""
    return Browser(SERVER_NAME="localhost", **more)


def send(browser: Browser, path: str, body: Any) -> Any:
    return browser.post(path, json.dumps(body), content_type="application/json")


def add_key(browser: Browser, key: SoftKey | None = None, name: str = "Telephone") -> SoftKey:
    key = key or SoftKey()
    options = send(browser, "/account/passkeys/begin/", {})
    assert options.status_code == 200, options.content
    response = send(browser, "/account/passkeys/add/", {"name": name, "credential": key.make(options.json())})
    assert response.status_code == 200, response.content
    return key


def challenge(browser: Browser) -> dict[str, Any]:
    response = send(browser, "/login/passkey/begin/", {})
    assert response.status_code == 200
    return response.json()


def log_in(browser: Browser, key: SoftKey, **more: Any) -> Any:
    return send(browser, "/login/passkey/", {"credential": key.sign(challenge(browser)), **more})


def refused(response: Any) -> bool:
    return response.status_code == 422 and response.json() == {"sentence": passkeys.NOT_TAKEN}


# Adding -----------------------------------------------------------------------------------------------------------------


def test_a_passkey_is_added_told_of_and_listed() -> None:
    ada = make_reader()
    browser = local().log_in(ada)
    options = send(browser, "/account/passkeys/begin/", {}).json()["publicKey"]
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    add_key(browser)
    assert "Telephone" in browser.get("/account/").content.decode()
    assert mails_to(ada.email)[-1].kind == "passkey_added"
    stored = json.dumps(Authenticator.objects.get(user=ada).data)
    assert "transports" not in stored, "what nobody reads is not kept"


def test_a_session_that_is_a_while_old_may_change_no_passkeys() -> None:
    ada = make_reader()
    browser = local().log_in(ada)
    add_key(browser)
    Login.objects.update(created=clock.now() - timedelta(hours=1))
    number = Authenticator.objects.get().pk
    assert send(browser, "/account/passkeys/begin/", {}).status_code == 403
    assert send(browser, "/account/passkeys/add/", {}).status_code == 403
    assert browser.post("/account/passkeys/rename/", {"id": number, "name": "Mine"}).status_code == 422
    assert browser.post("/account/passkeys/remove/", {"id": number}).status_code == 422
    assert Authenticator.objects.get().wrap().name == "Telephone"
    browser.log_in(ada)  # by a code, from the page's own form
    assert browser.post("/account/passkeys/remove/", {"id": number}).status_code == 303


def test_six_digits_add_no_passkey_to_someone_who_works_here() -> None:
    """Else they would open the newsroom in two steps."""
    browser = local().log_in(make_reader(is_staff=True))
    assert send(browser, "/account/passkeys/begin/", {}).status_code == 403
    assert send(browser, "/account/passkeys/add/", {"credential": {}}).status_code == 403
    assert "data-passkey-add" not in browser.get("/account/").content.decode()


def test_a_key_is_not_added_for_another_reader_than_began() -> None:
    """The challenge is the session's, and a session is one reader's."""
    ada, eve = local().log_in(make_reader()), local().log_in(make_reader("eve@example.org"))
    made = SoftKey().make(send(ada, "/account/passkeys/begin/", {}).json())
    send(eve, "/account/passkeys/begin/", {})
    assert send(eve, "/account/passkeys/add/", {"credential": made}).status_code == 422
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [None, [], "x", 7, {}, {"id": 1}, {"id": "a", "rawId": "b", "response": {}}, {"rawId": "AA", "response": None}],
)
def test_what_is_no_answer_adds_and_opens_nothing(broken: Any) -> None:
    browser = local().log_in(make_reader())
    send(browser, "/account/passkeys/begin/", {})
    assert send(browser, "/account/passkeys/add/", {"credential": broken}).status_code == 422
    stranger = local()
    challenge(stranger)
    assert refused(send(stranger, "/login/passkey/", {"credential": broken}))
    assert refused(send(stranger, "/login/passkey/", broken))


@pytest.mark.parametrize(
    "key",
    [
        SoftKey(domain="evil.example"),
        SoftKey(origin="http://evil.example"),
        SoftKey(origin="https://localhost"),
        SoftKey(origin="http://a.localhost"),
    ],
)
def test_a_key_made_elsewhere_is_not_added(key: SoftKey) -> None:
    browser = local().log_in(make_reader())
    made = key.make(send(browser, "/account/passkeys/begin/", {}).json())
    assert send(browser, "/account/passkeys/add/", {"credential": made}).status_code == 422
    assert not Authenticator.objects.exists()


def test_a_challenge_makes_one_key() -> None:
    browser = local().log_in(make_reader())
    options = send(browser, "/account/passkeys/begin/", {}).json()
    for expected in (200, 422):
        assert send(browser, "/account/passkeys/add/", {"credential": SoftKey().make(options)}).status_code == expected


def test_a_reader_has_a_number_of_passkeys_that_can_be_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "MOST", 1)
    browser = local().log_in(make_reader())
    add_key(browser)
    assert send(browser, "/account/passkeys/begin/", {}).status_code == 422


# Renaming and removing --------------------------------------------------------------------------------------------------


def test_a_passkey_is_renamed_and_removed() -> None:
    browser = local().log_in(make_reader())
    key = add_key(browser)
    number = Authenticator.objects.get().pk
    long = browser.post("/account/passkeys/rename/", {"id": number, "name": "<b>Laptop</b>" + "x" * 100})
    assert long["Location"] == "/account/?done=passkey-renamed#passkeys"
    assert len(Authenticator.objects.get().wrap().name) == passkeys.LONGEST_NAME
    assert "<b>Laptop" not in browser.get("/account/").content.decode()
    assert browser.post("/account/passkeys/rename/", {"id": number, "name": " "}).status_code == 422
    assert browser.post("/account/passkeys/remove/", {"id": number})["Location"] == "/account/?done=passkey-removed#passkeys"
    assert refused(log_in(local(), key)), "a removed passkey opens nothing"


def test_another_readers_passkey_can_be_neither_renamed_nor_removed() -> None:
    add_key(local().log_in(make_reader()))
    number = Authenticator.objects.get().pk
    eve = local().log_in(make_reader("eve@example.org"))
    for text in (str(number), "", "x", "9" * 30):
        assert eve.post("/account/passkeys/rename/", {"id": text, "name": "Eve's"}).status_code == 422
        assert eve.post("/account/passkeys/remove/", {"id": text}).status_code == 422
    assert Authenticator.objects.get().wrap().name == "Telephone"


def test_a_second_factor_is_no_passkey_to_be_removed_here() -> None:
    ada = make_reader()
    totp = Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": "x"})
    browser = local().log_in(ada)
    assert browser.post("/account/passkeys/remove/", {"id": totp.pk}).status_code == 422
    assert Authenticator.objects.filter(pk=totp.pk).exists()


# Logging in -------------------------------------------------------------------------------------------------------------


def test_a_passkey_logs_in_and_leads_to_the_article() -> None:
    ada, article = make_reader(), make_article()
    key = add_key(local().log_in(ada))
    browser = local()
    response = log_in(browser, key, article=article.slug)
    assert response.json() == {"location": article.path_on_site}
    assert response["Cache-Control"] == "private, no-store"
    assert browser.decision(article) == "choose"
    assert Login.objects.filter(reader=ada, method="passkey", device__isnull=False).exists()
    assert log_in(local(), key).json() == {"location": "/account/"}
    assert log_in(local(), key, article="no-such-article").json() == {"location": "/account/"}
    assert log_in(local(), key, article="//evil.example").json() == {"location": "/account/"}


def test_the_session_of_one_who_logged_in_lasts_and_of_one_who_looked_does_not() -> None:
    key = add_key(local().log_in(make_reader()))
    browser = local()
    challenge(browser)
    assert browser.session.get_expiry_age() == 600
    log_in(browser, key)
    assert browser.session.get_expiry_age() > 86400 * 100


def test_the_same_is_asked_of_everybody_and_names_nobody() -> None:
    before = challenge(local())
    add_key(local().log_in(make_reader()))
    after = challenge(local())
    for options in (before, after):
        assert len(options["publicKey"].pop("challenge")) >= 22
    assert before == after
    assert "allowCredentials" not in after["publicKey"] or after["publicKey"]["allowCredentials"] == []


def test_an_answer_is_good_once_also_in_another_session() -> None:
    key = add_key(local().log_in(make_reader()))
    browser = local()
    answer = key.sign(challenge(browser))
    held = browser.cookies["masthead_session"].value
    assert send(browser, "/login/passkey/", {"credential": answer}).status_code == 200
    assert refused(send(browser, "/login/passkey/", {"credential": answer}))
    thief = local()
    assert refused(send(thief, "/login/passkey/", {"credential": answer}))
    thief.cookies["masthead_session"] = held
    assert refused(send(thief, "/login/passkey/", {"credential": answer}))
    challenge(thief)
    assert refused(send(thief, "/login/passkey/", {"credential": answer}))


def test_a_challenge_is_spent_by_a_wrong_answer() -> None:
    key = add_key(local().log_in(make_reader()))
    browser = local()
    options = challenge(browser)
    assert refused(send(browser, "/login/passkey/", {"credential": SoftKey().sign(options, handle=key.handle)}))
    assert refused(send(browser, "/login/passkey/", {"credential": key.sign(options)}))


def _other_handle(answer: dict[str, Any]) -> None:
    answer["response"]["userHandle"] = ""


def _no_handle(answer: dict[str, Any]) -> None:
    del answer["response"]["userHandle"]


def _null_handle(answer: dict[str, Any]) -> None:
    answer["response"]["userHandle"] = None


def _huge_handle(answer: dict[str, Any]) -> None:
    answer["response"]["userHandle"] = "eno6" * 40


def _bad_signature(answer: dict[str, Any]) -> None:
    answer["response"]["signature"] = answer["response"]["signature"][:-6] + "AAAAAA"


def _other_id(answer: dict[str, Any]) -> None:
    answer["id"] = answer["rawId"] = "AAAA" + answer["rawId"][4:]


def _no_id(answer: dict[str, Any]) -> None:
    del answer["rawId"]


@pytest.mark.parametrize("spoil", [_other_handle, _no_handle, _null_handle, _huge_handle, _bad_signature, _other_id, _no_id])
def test_a_spoilt_answer_opens_nothing_and_gets_the_one_sentence(spoil: Callable[[dict[str, Any]], None]) -> None:
    key = add_key(local().log_in(make_reader()))
    browser = local()
    answer = copy.deepcopy(key.sign(challenge(browser)))
    spoil(answer)
    assert refused(send(browser, "/login/passkey/", {"credential": answer}))
    assert browser.get("/account/").status_code == 302


def test_a_stranger_and_a_reader_without_passkeys_get_the_one_sentence() -> None:
    bob = make_reader("bob@example.org")
    add_key(local().log_in(make_reader()))
    from allauth.account.utils import user_pk_to_url_str
    from fido2.utils import websafe_encode

    for handle in (websafe_encode(user_pk_to_url_str(bob).encode()), websafe_encode(b"zz"), websafe_encode(b"no number!")):
        browser = local()
        assert refused(send(browser, "/login/passkey/", {"credential": SoftKey().sign(challenge(browser), handle=handle)}))


def test_ones_own_key_with_anothers_handle_logs_in_nobody() -> None:
    ada = add_key(local().log_in(make_reader()))
    eve = add_key(local().log_in(make_reader("eve@example.org")))
    browser = local()
    assert refused(send(browser, "/login/passkey/", {"credential": eve.sign(challenge(browser), handle=ada.handle)}))


@pytest.mark.parametrize(
    ("domain", "origin"),
    [
        ("evil.example", "http://evil.example"),
        ("localhost", "http://evil.example"),
        ("localhost", "http://a.localhost"),
        ("evil.example", "http://localhost"),
    ],
)
def test_an_answer_made_on_another_site_opens_nothing(domain: str, origin: str) -> None:
    key = add_key(local().log_in(make_reader()))
    key.domain, key.origin = domain, origin
    assert refused(log_in(local(), key))


def test_a_key_nobody_unlocked_opens_nothing() -> None:
    key = add_key(local().log_in(make_reader()))
    browser = local()
    assert refused(send(browser, "/login/passkey/", {"credential": key.sign(challenge(browser), flags=PRESENT)}))


def test_a_copied_key_is_noticed_by_its_counter() -> None:
    key = add_key(local().log_in(make_reader()))
    copied = copy.copy(key)
    for _ in range(3):
        assert log_in(local(), key).status_code == 200
    assert refused(log_in(local(), copied))


def test_keys_that_do_not_count_are_taken() -> None:
    key = add_key(local().log_in(make_reader()))
    for _ in range(2):
        key.count = -1  # signs with 0, as synced keys do
        assert log_in(local(), key).status_code == 200


def test_a_closed_account_is_not_opened() -> None:
    ada = make_reader()
    key = add_key(local().log_in(ada))
    Reader.objects.filter(pk=ada.pk).update(is_active=False)
    assert refused(log_in(local(), key))


def test_another_site_can_make_nobody_log_in() -> None:
    key = add_key(local().log_in(make_reader()))
    browser = local()
    options = challenge(browser)
    body = json.dumps({"credential": key.sign(options)})
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "http://evil.example"},
    ):
        response = browser.post("/login/passkey/", body, content_type="application/json", headers=headers)
        assert response.status_code == 403
    # and a form, which may be sent from anywhere by an old browser, is not what we read
    assert refused(browser.post("/login/passkey/", {"credential": body}))


def test_challenges_are_limited_by_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from masthead.front.views import passkeys as views

    monkeypatch.setattr(views, "HOURLY", 2)
    statuses = [send(local(), "/login/passkey/begin/", {}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert send(local(address="192.0.2.77"), "/login/passkey/begin/", {}).status_code == 200


def test_looking_at_the_form_makes_no_session() -> None:
    assert not local().get("/login/").cookies


# The newsroom -----------------------------------------------------------------------------------------------------------


def test_a_passkey_opens_the_newsroom_and_a_code_does_not() -> None:
    ada = make_reader()
    key = add_key(local().log_in(ada))
    Reader.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
    by_code, by_passkey = local().log_in(Reader.objects.get(pk=ada.pk)), local()
    log_in(by_passkey, key)
    assert by_passkey.get(NEWSROOM).status_code == 200
    assert by_code.get(NEWSROOM).status_code == 302
    article = make_article(access="subscribers")
    assert by_passkey.decision(article) == "staff"
    assert by_code.decision(article) == "subscribe"


def test_a_passkey_of_a_reader_opens_no_newsroom() -> None:
    key = add_key(local().log_in(make_reader()))
    browser = local()
    log_in(browser, key)
    assert browser.get(NEWSROOM).status_code == 302


def test_logging_in_as_another_leaves_nothing_of_the_first() -> None:
    make_reader("bob@example.org")
    ada = make_reader()
    key = add_key(local().log_in(ada))
    bob = Reader.objects.get(email="bob@example.org")
    Reader.objects.filter(pk=bob.pk).update(is_staff=True)
    browser = local().log_in(bob)
    before = browser.cookies["masthead_session"].value
    log_in(browser, key)
    assert browser.cookies["masthead_session"].value != before
    assert "ada@example.org" in browser.get("/account/").content.decode()


# Where keys can be had --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "host", "name"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1", None),
        ("http://127.0.0.1:8000", "localhost", "localhost"),
        ("http://127.0.0.1:8000", "evil.example", None),
        ("http://[::1]:8000", "localhost", "localhost"),
        ("http://localhost:8000", "localhost", "localhost"),
        ("https://www.meridian.example", "www.meridian.example", "www.meridian.example"),
        ("https://www.meridian.example", "meridian.example", None),
        ("https://www.meridian.example", "evil.example", None),
        ("https://www.meridian.example", "localhost", None),
        ("http://www.meridian.example", "www.meridian.example", None),
        ("https://192.0.2.7", "192.0.2.7", None),
    ],
)
def test_keys_belong_to_the_base_urls_name_whatever_the_request_says(
    base: str, host: str, name: str | None, settings: Any
) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, base_url=base)
    browser = Browser(SERVER_NAME=host)
    html = browser.get("/login/").content.decode()
    response = send(browser, "/login/passkey/begin/", {})
    if name:
        assert response.json()["publicKey"]["rpId"] == name
        assert "data-passkey-login" in html
    else:
        assert response.status_code == 422
        assert response.json()["sentence"]
        assert "data-passkey-login" not in html
        assert "passkeys.js" not in html


def test_at_an_address_of_numbers_the_page_says_where_keys_work() -> None:
    browser = Browser(HTTP_HOST="127.0.0.1:8000").log_in(make_reader())
    html = browser.get("/account/").content.decode()
    assert "http://localhost:8000/" in html
    assert "data-passkey-add" not in html
    assert "http://localhost:8000/" in Browser(HTTP_HOST="127.0.0.1:8000").get("/login/").content.decode()
