"""The one function all partial showing goes through."""

from hypothesis import given
from hypothesis import strategies as st

from masthead.access.policy import Policy
from masthead.articles.rendering import Rendered
from masthead.articles.teaser import rest, summary, teaser

kinds = st.sampled_from(["paragraph", "heading", "picture", "list"])
bodies = st.lists(kinds, max_size=14).map(lambda found: tuple((kind, f"<p>{kind}-{n}.</p>") for n, kind in enumerate(found)))


@given(bodies, st.none() | st.integers(0, 15), st.integers(1, 8))
def test_teaser_and_rest_are_the_whole_and_share_nothing(blocks, gate, paragraphs):
    rendered, policy = Rendered(blocks, gate), Policy(teaser_paragraphs=paragraphs)
    start, end = teaser(rendered, policy), rest(rendered, policy)
    assert [line for line in (start.html + "\n" + end).split("\n") if line] == [html for _, html in blocks]
    assert all(html not in start.html and html[3:-4] not in start.text.split() for _, html in blocks if html in end.split("\n"))
    if blocks and gate is None:
        assert end, "never the whole of an article"


@given(st.text(max_size=60), st.text(max_size=600), st.integers(20, 300))
def test_a_summary_is_short_and_begins_as_its_source(standfirst, text, limit):
    short = summary(standfirst, text, limit)
    assert len(short) <= limit + 1
    assert " ".join((standfirst or text).split()).startswith(short.removesuffix("…").rstrip(" ,;:–—-")[: limit - 1])
