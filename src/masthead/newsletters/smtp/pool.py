"""Several kept connections to one server, driven by one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from masthead.newsletters.smtp.letters import Letter, Outcome, Patience, Server


class Pool:
    """Submits letters over ``connections`` connections, one letter in flight on each.

    ``take()`` gives the next letter, or None when there is none just now. ``began(number)`` is called before the first byte of
    a letter's content is written (for the journal); a letter may begin once only. ``ended(outcome)`` hands over what became of
    it, once for every letter taken (but for those ``run`` returns). True from it means "written down already"; otherwise
    the connection begins no other content until ``release`` has named the letter. All three are called in the thread of
    ``run`` and must be quick.

    The rule: at any moment at most ``connections`` letters have begun without their outcome being written down.
    """

    def __init__(
        self,
        server: Server,
        *,
        sender: str,
        connections: int,
        take: Callable[[], Letter | None],
        began: Callable[[int], None],
        ended: Callable[[Outcome], bool | None],
        patience: Patience | None = None,
    ) -> None:
        raise NotImplementedError

    def run(self, *, until_dry: bool = False) -> list[Letter]:
        """Submit until ``stop`` (or, ``until_dry``, until ``take`` gives None and all have ended and been released).

        Returns the letters that were taken and neither began nor ended: they go back to where they came from.
        """
        raise NotImplementedError

    def release(self, numbers: Iterable[int]) -> None:
        """Say that the outcomes of these letters are written down. From any thread; unknown numbers do no harm."""
        raise NotImplementedError

    def nudge(self) -> None:
        """Say that ``take`` may have letters again. From any thread. The pool also asks by itself every 0.2 seconds."""
        raise NotImplementedError

    def stop(self, grace: float = 30.0) -> None:
        """Begin no further letter, await those in flight for at most ``grace`` seconds, QUIT. From any thread or a signal handler."""
        raise NotImplementedError
