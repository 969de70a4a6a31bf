"""Passkeys with a real browser and its own (virtual) authenticator: the ceremony from the account page to the article."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from factories import make_article, make_reader
from front.journey import code_for
from masthead.readers.models import Login, Reader

CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread for as long as it is open, which Django takes for an asynchronous view
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, live_server: Any) -> Iterator[Any]:
    """A fresh browser window."""
    context = chromium.new_context(base_url=f"http://localhost:{live_server.thread.port}")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


class Authenticator:
    """The fingerprint reader of ``page``'s browser. Until ``touched`` it asks for a finger and gets none."""

    def __init__(self, page: Any) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def touched(self, whether: bool) -> None:
        self.session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, "enabled": whether})

    def verified(self, whether: bool) -> None:
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": whether})

    @property
    def credentials(self) -> list[dict[str, Any]]:
        return self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def forget(self) -> None:
        self.session.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})


def log_in_by_code(page: Any, email: str) -> None:
    page.goto("/login/")
    page.fill("#email", email)
    page.click("text=Send me a code")
    page.wait_for_url("**/confirm/")
    page.fill("#code", code_for(email))
    page.wait_for_url("**/account/")


def add_passkey(page: Any, name: str = "My telephone") -> None:
    page.goto("/account/")
    page.fill("#passkey-name", name)
    page.click("text=Add a passkey")


def log_out(page: Any) -> None:
    page.goto("/logout/")
    page.click("main button")
    page.wait_for_url(re.compile(r"/#logged-out$"))


def test_a_passkey_is_made_and_used_and_removed(page: Any) -> None:
    ada, article = make_reader(), make_article("The Article Ada Came For")
    authenticator = Authenticator(page)
    log_in_by_code(page, ada.email)
    add_passkey(page)
    page.wait_for_selector("text=Your passkey is added")
    assert page.url.endswith("/account/?done=passkey-added#passkeys")
    assert page.locator("#passkeys .kept-title").all_inner_texts() == ["My telephone"]
    (credential,) = authenticator.credentials
    assert credential["isResidentCredential"]
    assert credential["rpId"] == "localhost"

    # the same telephone once more: the browser says it has one already
    add_passkey(page)
    page.wait_for_selector("text=This device holds a passkey for your account already.")
    log_out(page)

    # logging in: by the button, and back at the article
    authenticator.touched(False)
    page.goto(f"/login/?article={article.slug}")
    button = page.locator("text=Use a passkey")
    button.wait_for()
    authenticator.touched(True)
    button.click()
    page.wait_for_url(f"**{article.path_on_site}")
    assert page.locator("article").get_attribute("data-decision") == "choose"
    assert Login.objects.get().method == "passkey"

    # removing: the log-in by passkey is fresh enough
    page.goto("/account/")
    assert "with a passkey" in page.locator("#browsers").inner_text()
    page.click("#passkeys .kept >> text=Remove")
    page.wait_for_selector("text=The passkey is removed.")
    log_out(page)
    authenticator.touched(False)
    page.goto("/login/")
    page.locator("text=Use a passkey").wait_for()
    authenticator.touched(True)
    page.click("text=Use a passkey")
    page.wait_for_selector("text=That passkey was not accepted.")
    assert page.url.endswith("/login/")


def test_a_browser_offers_the_passkey_by_itself_while_the_address_is_typed(page: Any) -> None:
    ada = make_reader()
    Authenticator(page)
    log_in_by_code(page, ada.email)
    add_passkey(page)
    page.wait_for_selector("text=Your passkey is added")
    log_out(page)
    page.goto("/login/")  # the virtual reader touches whatever is offered
    page.wait_for_url("**/account/")
    assert Login.objects.get().method == "passkey"


def test_without_a_key_or_a_finger_the_code_is_offered(page: Any) -> None:
    authenticator = Authenticator(page)
    authenticator.verified(False)
    page.goto("/login/")
    page.click("text=Use a passkey")
    page.wait_for_selector("text=No passkey was used.")
    assert page.locator("[data-passkey-problem]").get_attribute("role") == "alert"
    assert page.locator("text=Send me a code").is_enabled()
    assert page.locator("text=Use a passkey").is_enabled()


def test_someone_who_works_here_gets_the_newsroom_with_a_passkey_alone(page: Any) -> None:
    ada = make_reader()
    authenticator = Authenticator(page)
    log_in_by_code(page, ada.email)
    add_passkey(page)
    page.wait_for_selector("text=Your passkey is added")
    log_out(page)
    Reader.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)

    authenticator.touched(False)
    log_in_by_code(page, ada.email)
    page.goto("/newsroom/")
    assert "/newsroom/login/" in page.url, "six digits do not open it"
    page.goto("/account/")
    assert not page.locator("[data-passkey-add]").count()
    log_out(page)

    page.goto("/login/")
    page.locator("text=Use a passkey").wait_for()
    authenticator.touched(True)
    page.click("text=Use a passkey")
    page.wait_for_url("**/account/")
    assert page.goto("/newsroom/").status == 200
    assert page.url.endswith("/newsroom/")


def test_at_an_address_of_numbers_no_button_is_offered(page: Any, live_server: Any) -> None:
    page.goto(f"http://127.0.0.1:{live_server.thread.port}/login/")
    assert not page.locator("text=Use a passkey").count()
    page.wait_for_selector("text=To try them, open http://localhost")


def test_without_scripts_there_is_no_button_and_the_code_works(chromium: Any, live_server: Any) -> None:
    ada = make_reader()
    context = chromium.new_context(base_url=f"http://localhost:{live_server.thread.port}", java_script_enabled=False)
    page = context.new_page()
    page.goto("/login/")
    assert not page.locator("text=Use a passkey").is_visible()
    page.fill("#email", ada.email)
    page.click("text=Send me a code")
    page.fill("#code", code_for(ada.email))
    page.click("main button >> nth=0")
    page.wait_for_url("**/account/")
    page.wait_for_selector("text=Adding one needs a browser that knows passkeys")
    page.fill("#new-email", "ada@new.example")
    page.click("text=Change address")
    page.fill("#code", code_for("ada@new.example"))
    page.click("text=Use this address")
    page.wait_for_selector("text=Your address is changed.")
    page.click("text=Delete my account")
    page.fill("#email", "ada@new.example")
    page.click("main button")
    page.wait_for_url(f"**:{live_server.thread.port}/#deleted")
    assert not Reader.objects.exists()
    context.close()
