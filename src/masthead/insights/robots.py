"""Whether a user agent is a program's: a crawler, a link previewer, an uptime check, a script.

The list is that of the package ``crawler-user-agents``, which people keep up to date. It knows names. What it cannot know is a
program nobody has reported yet; but every browser has begun its name with "Mozilla/" for thirty years (an old Opera with
"Opera/"), and programs that do not pretend to be one do not.
"""

from __future__ import annotations

from functools import lru_cache

LONGEST = 512  # of a browser's; the patterns take 5 ms for 8 kB, which somebody would send
REMEMBERED = 8192  # different user agents; a busy site sees a few thousand a day
BROWSERS = ("Mozilla/", "Opera/")


def is_robot(user_agent: str) -> bool:
    """Whether ``user_agent`` (the header; "" where there was none) is no browser's.

    About 0.1 µs for one that came lately, 0.1 ms for another. The very first call in a process takes some 50 ms, since it reads
    the list: a server that minds asks about any browser once before it takes requests.
    """
    return _judged(user_agent if len(user_agent) <= LONGEST else user_agent[:LONGEST])


@lru_cache(maxsize=REMEMBERED)
def _judged(user_agent: str) -> bool:
    import crawleruseragents  # reads and compiles 1500 patterns: not at import

    # the package tries its patterns in chunks, which is several times faster than one large one
    return not user_agent.startswith(BROWSERS) or crawleruseragents.is_crawler(user_agent)
