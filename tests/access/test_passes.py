"""A pass says what was said, field for field; everything else is no pass."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import jwt
from hypothesis import given
from hypothesis import strategies as st

from masthead.access import passes
from masthead.access.passes import Pass
from masthead.access.policy import Grant, Visitor

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
KEYS = {"old": b"o" * 32, "new": b"n" * 32}
ADA = Visitor(
    reader="ada",
    device="laptop",
    grants=(Grant("unlock", 7, NOW + timedelta(days=30), NOW), Grant("comp")),
    choices_left=2,
    period="2026-11",
)
GIVEN = Pass(ADA, 4, 99, NOW + timedelta(minutes=10))

seconds = st.datetimes(datetime(2000, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)).map(lambda m: m.replace(microsecond=0))
visitors = st.builds(
    Visitor,
    reader=st.none() | st.text(max_size=22),
    device=st.none() | st.text(max_size=22),
    staff=st.booleans(),
    grants=st.lists(
        st.builds(
            Grant,
            kind=st.text(max_size=12),
            article=st.none() | st.integers(0),
            until=st.none() | seconds,
            since=st.none() | seconds,
        ),
        max_size=5,
    ).map(tuple),
    code_pending=st.booleans(),
    instant_left=st.integers(0, 9),
    choices_left=st.integers(0, 9),
    period=st.text(max_size=12),
)


@given(visitors, st.integers(0), st.integers(0))
def test_what_is_minted_is_read(visitor: Visitor, version: int, number: int) -> None:
    minted = Pass(visitor, version, number, NOW + timedelta(minutes=10))
    assert passes.read(passes.mint(minted, "new", KEYS["new"]), KEYS, NOW) == minted


def test_every_field_of_a_visitor_but_the_institution_is_carried() -> None:
    odd = Visitor("r", "d", True, (Grant("gift", 1, NOW, NOW),), True, 5, 6, "p", "Library")
    back = passes.read(passes.mint(replace(GIVEN, visitor=odd), "new", KEYS["new"]), KEYS, NOW)
    assert back is not None
    carried = {f.name: getattr(back.visitor, f.name) for f in fields(Visitor)}
    assert carried == {**{f.name: getattr(odd, f.name) for f in fields(Visitor)}, "institution": None}


def test_a_former_key_still_reads() -> None:
    assert passes.read(passes.mint(GIVEN, "old", KEYS["old"]), KEYS, NOW) == GIVEN


def test_an_expired_pass_is_none() -> None:
    text = passes.mint(GIVEN, "new", KEYS["new"])
    assert passes.read(text, KEYS, NOW + timedelta(minutes=10)) is None


def test_another_key_an_unknown_key_and_no_signature_are_refused() -> None:
    text = passes.mint(GIVEN, "new", KEYS["new"])
    assert passes.read(passes.mint(GIVEN, "new", b"x" * 32), KEYS, NOW) is None
    assert passes.read(passes.mint(GIVEN, "stolen", KEYS["new"]), KEYS, NOW) is None
    claims = jwt.decode(text, options={"verify_signature": False})
    assert passes.read(jwt.encode(claims, "", algorithm="none", headers={"kid": "new"}), KEYS, NOW) is None
    assert passes.read(jwt.encode(claims, KEYS["new"] * 2, algorithm="HS512", headers={"kid": "new"}), KEYS, NOW) is None


@given(st.text() | st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789-_.", max_size=300))
def test_anything_else_is_no_pass(text: str) -> None:
    assert passes.read(text, KEYS, NOW) is None


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_pass_changed_in_one_place_is_none_or_the_same(position: int, byte: int) -> None:
    text = passes.mint(GIVEN, "new", KEYS["new"])
    position %= len(text)
    changed = text[:position] + chr(byte) + text[position + 1 :]
    assert passes.read(changed, KEYS, NOW) in (None, GIVEN)


@given(
    st.dictionaries(
        st.sampled_from(["exp", "v", "n", "p", "g", "c", "i", "l", "s", "r", "d", "x"]),
        st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=3),
    )
)
def test_signed_nonsense_is_no_crash_and_opens_nothing(claims: dict[str, object]) -> None:
    try:
        text = jwt.encode(claims, KEYS["new"], algorithm="HS256", headers={"kid": "new"})
    except (TypeError, ValueError):
        return
    held = passes.read(text, KEYS, NOW)
    assert held is None or held.visitor.grants == ()


def test_a_pass_ends_at_ten_minutes_a_grants_end_or_the_periods_end() -> None:
    far = NOW + timedelta(days=20)
    assert passes.expiry(Visitor(), far, NOW) == NOW + timedelta(minutes=10)
    soon = NOW + timedelta(minutes=3)
    assert passes.expiry(Visitor(grants=(Grant("comp", None, soon),)), far, NOW) == soon
    assert passes.expiry(Visitor(grants=(Grant("comp", None, None, soon),)), far, NOW) == soon
    assert passes.expiry(Visitor(), NOW + timedelta(minutes=1), NOW) == NOW + timedelta(minutes=1)


def test_a_full_pass_fits_a_cookie() -> None:
    grants = tuple(Grant("unlock", 10**6 + n, NOW, NOW) for n in range(passes.MOST_SINGLE_GRANTS))
    full = replace(ADA, reader="x" * 22, device="y" * 22, grants=grants)
    assert len(passes.mint(replace(GIVEN, visitor=full), "12345678", KEYS["new"])) < 4000
