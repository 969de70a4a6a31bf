"""Addresses: what is one, whose it is, and which share limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.readers.addresses import BadAddress, canonical, clean, identity, is_disposable


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Ada@Example.ORG ", "Ada@example.org"),
        ("ada+news@example.org", "ada+news@example.org"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("zoë@bücher.example", "zoë@xn--bcher-kva.example"),
        ("ada@example.org.", "ada@example.org"),
    ],
)
def test_a_good_address_is_stored_with_its_domain_lower_cased(typed: str, stored: str) -> None:
    assert clean(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "ada", "ada@", "@example.org", "ada@example", "a b@example.org", "ada@exa mple.org",
        "ada..b@example.org", ".ada@example.org",
        "ada@-example.org", "ada@example.org\nBcc: x@y.z", "ada@[127.0.0.1]", "ada@1.2.3.4",
        "a" * 65 + "@example.org", "a@" + "b" * 250 + ".org",
        "ada@example..org", "ada@example.org, bob@example.org", "<ada@example.org>",
        "ada\u202e@example.org", "ada\x00@example.org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        clean(typed)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_cleaned_or_refused(text: str) -> None:
    try:
        address = clean(text)
    except BadAddress:
        return
    assert clean(address) == address
    assert not any(c.isspace() for c in address)
    assert canonical(address).count("@") >= 1


def test_identity_ignores_case_and_nothing_else() -> None:
    assert identity("Ada@example.org") == identity("aDA@example.org")
    assert identity("a.da@gmail.com") != identity("ada@gmail.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.d.a@gmail.com", "ada+x@googlemail.com"), ("ada+x@outlook.com", "ada@outlook.com"), ("ada-x@yahoo.com", "ada@yahoo.com")],
)
def test_providers_on_the_list_share_a_canonical_key(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


def test_other_providers_tags_and_dots_mean_something() -> None:
    assert canonical("a.da+x@example.org") == "a.da+x@example.org"


def test_disposable_domains_are_known_with_their_subdomains() -> None:
    assert is_disposable("x@mailinator.com") and is_disposable("x@sub.mailinator.com")
    assert not is_disposable("ada@gmail.com")
