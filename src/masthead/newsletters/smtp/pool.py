"""Several kept connections to one server, driven by one thread."""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from time import monotonic

from masthead.newsletters.smtp.content import stuffed
from masthead.newsletters.smtp.envelope import CannotSend, Envelopes, Offered
from masthead.newsletters.smtp.letters import Letter, Outcome, Patience, Scope, Security, Server, Verdict
from masthead.newsletters.smtp.line import Line, Lost, Stage
from masthead.newsletters.smtp.wire import Wire

ASK_AGAIN = 0.2  # seconds until ``take`` is asked again after it had nothing
NAMES_LAST = 300.0  # seconds an address found for the host's name is used

# A letter of which nothing was sent goes to another connection when its own breaks, until it has cost so much: it may be what
# breaks them. A connection that did nothing before tells more than one that has served and is then closed, as many servers do.
ENOUGH = 30
FRESH, SERVED = 10, 1

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


def on_wire(letter: Letter) -> bytes:
    """The letter's content as it is written."""
    return letter.content if letter.ready else stuffed(letter.content)


class Slot:
    """Room for one connection. ``held`` is the letter that began in it and whose outcome is not written down yet."""

    __slots__ = ("held", "line")

    def __init__(self) -> None:
        self.line: Line | None = None
        self.held: int | None = None


class Backoff:
    """How long to let something rest that failed: twice as long each time, up to a limit, with some chance in it."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0
        self.until = 0.0

    def failed(self, now: float, weight: int = 1) -> None:
        """It failed; failures while it rests count as one."""
        if now >= self.until:
            self._failures = min(self._failures + weight, 20)
            wait = min(self._first * 2.0 ** (self._failures - 1), self._longest)
            self.until = now + wait * random.uniform(0.75, 1.0)  # noqa: S311  (that many workers do not come at once)

    def worked(self) -> None:
        """It works again."""
        self._failures = 0
        self.until = 0.0


class Pool:
    """Submits letters over ``connections`` connections, one letter in flight on each.

    ``take()`` gives the next letter, or None when there is none just now. ``began(number)`` is called before the first byte of
    a letter's content is written (for the journal); a letter begins once only; False from it means that none may begin any
    more: this letter goes back, and the pool stops. ``ended(outcome)`` hands over what became of
    it, once for every letter taken (but for those ``run`` returns). True from it means "written down already"; otherwise
    the connection begins no other content until ``release`` has named the letter. All three are called in the thread of
    ``run`` and must be quick.

    The rule: at any moment at most ``connections`` letters have begun without their outcome being written down. With ``ordered``
    those are among the first ``connections`` of all letters taken, in the order they were taken, whose outcome is not written
    down: so that who finds nothing but what is written down knows which ones may have begun.
    """

    def __init__(
        self,
        server: Server,
        *,
        sender: str,
        connections: int,
        take: Callable[[], Letter | None],
        began: Callable[[int], bool | None],
        ended: Callable[[Outcome], bool | None],
        patience: Patience | None = None,
        ordered: bool = False,
    ) -> None:
        if connections < 1:
            raise ValueError("A pool needs a connection.")
        Envelopes(sender, Offered())  # raises where it is no address
        self._server = server
        self._sender = sender
        self._take = take
        self._began = began
        self._ended = ended
        self._patience = patience or Patience()
        self._context = server.context or (
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if server.tls is Security.NONE else ssl.create_default_context()
        )
        self._slots = [Slot() for _ in range(connections)]
        self._free = list(reversed(self._slots))  # without a connection
        self._lines: dict[Line, Slot] = {}
        self._idle: list[Line] = []  # ready; those no longer ``resting`` are left in it until they come up
        self._opening = 0
        self._held: dict[int, Slot] = {}
        self._connections = connections
        self._ordered = ordered
        self._open: dict[int, None] = {}  # if ordered: letters taken whose outcome is not written down, in their order
        self._barred: dict[int, Line] = {}  # those that could begin but for their place in it
        self._again: deque[Letter] = deque()  # taken, and not begun: they come first
        self._costs: dict[int, int] = {}  # what letters in ``_again`` have cost so far
        self._inside = 0  # letters taken and not ended
        self._ask_at = 0.0
        self._dry = False
        self._opens = Backoff(self._patience.retry, self._patience.longest)
        self._begins = Backoff(self._patience.retry, self._patience.longest)
        self._unsent: list[Letter] = []
        self._grace: float | None = None
        self._stop_at: float | None = None
        self._released: deque[int] = deque()
        self._woken = False
        self._addresses: list[tuple[int, tuple[object, ...]]] = []
        self._addresses_until = 0.0
        self._selector = selectors.DefaultSelector()
        self._alarm, self._ear = socket.socketpair()
        self._alarm.setblocking(False)
        self._ear.setblocking(False)
        self._tick = min(1.0, self._patience.shortest / 4)

    # From any thread

    def release(self, numbers: Iterable[int]) -> None:
        """Say that the outcomes of these letters are written down. From any thread; unknown numbers do no harm."""
        self._released.extend(numbers)
        self._wake()

    def nudge(self) -> None:
        """Say that ``take`` may have letters again. From any thread. The pool also asks by itself every 0.2 seconds."""
        self._ask_at = 0.0
        self._wake()

    def stop(self, grace: float = 30.0) -> None:
        """Begin no further letter, await those in flight for at most ``grace`` seconds, QUIT.

        From any thread or a signal handler.
        """
        self._grace = grace
        self._wake()

    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            with contextlib.suppress(OSError):  # full: it will be heard; closed: nobody listens any more
                self._alarm.send(b".")

    # The loop

    def run(self, *, until_dry: bool = False) -> list[Letter]:
        """Submit until ``stop`` (or, ``until_dry``, until ``take`` gives None and all have ended and been released).

        Returns the letters that were taken and neither began nor ended: they go back to where they came from. A pool runs once.
        """
        selector = self._selector
        selector.register(self._ear, READ, None)
        sweep_at = 0.0
        try:
            while True:
                now = monotonic()
                self._let_go(now)
                if self._grace is not None and self._stop_at is None:
                    self._stop_at = now + self._grace
                if self._stop_at is None:
                    self._fill(now)
                    if until_dry and self._dry and now < self._ask_at and not self._inside and not self._held:
                        self._stop_at = now
                if self._stop_at is not None and self._wind_up(now, self._stop_at):
                    return self._unsent
                if now >= sweep_at:
                    self._sweep(now)
                    sweep_at = now + self._tick
                happened = selector.select(self._pause(now, sweep_at))
                now = monotonic()
                for key, mask in happened:
                    if key.data is None:
                        self._hear()
                    else:
                        self._serve(key.data, mask, now)
        finally:
            for line in self._lines:
                line.wire.close()
            selector.close()
            self._alarm.close()
            self._ear.close()

    def _pause(self, now: float, sweep_at: float) -> float:
        """How long nothing need be done unless something happens."""
        moments = [moment for moment in (self._ask_at, self._opens.until, self._begins.until) if moment > now]
        return max(0.0, min([sweep_at, *moments]) - now)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._ear.recv(4096)
        self._woken = False

    def _let_go(self, now: float) -> None:
        """Letters named by ``release``: their connections may send content again."""
        released = self._released
        if not released:
            return
        self._ask_at = 0.0
        self._dry = False
        while released:
            number = released.popleft()
            slot = self._held.pop(number, None)
            self._open.pop(number, None)
            if slot is not None:
                slot.held = None
                if slot.line is not None:
                    self._go_on(slot.line, now)
        if self._barred:
            for number in list(islice(self._open, self._connections)):
                line = self._barred.pop(number, None)
                if line is not None and line in self._lines:
                    self._go_on(line, now)

    def _may_begin(self, letter: Letter, line: Line) -> bool:
        """Whether the letter stands far enough in front."""
        if len(self._open) <= self._connections or letter.number in islice(self._open, self._connections):
            return True
        self._barred[letter.number] = line
        return False

    def _serve(self, line: Line, mask: int, now: float) -> None:
        """Something happened on ``line``."""
        try:
            if mask & WRITE:
                line.writable(now)
            if mask & READ:
                line.readable(now)
        except Lost as why:
            self._lose(line, why, now)
            return
        if line.opening and line.stage is Stage.READY:
            line.opening = False
            self._opening -= 1
        self._go_on(line, now)

    def _go_on(self, line: Line, now: float) -> None:
        """Do what can be done on ``line`` now."""
        talk = line.talk
        try:
            if line.stage is Stage.READY:
                if talk.coming is not None:
                    if (
                        talk.go
                        and self._lines[line].held is None
                        and self._stop_at is None
                        and self._may_begin(talk.coming, line)
                    ):
                        self._fly(line, now)
                elif not talk.awaited and not line.resting:
                    if line.full:
                        line.leave(now)
                    else:
                        letter = self._next(now)
                        if letter is None or not self._begin(line, letter, now):
                            line.resting = True
                            self._idle.append(line)
        except Lost as why:
            self._lose(line, why, now)
            return
        self._watch(line)

    def _watch(self, line: Line) -> None:
        wanted = READ | WRITE if line.wire.stuck or line.stage is Stage.CONNECTING else READ
        if wanted != line.watched:
            line.watched = wanted
            self._selector.modify(line.wire.sock, wanted, line)

    # Letters

    def _next(self, now: float) -> Letter | None:
        """The next letter, if any may begin now."""
        if self._stop_at is not None or now < self._begins.until:
            return None
        if self._again:
            return self._again.popleft()
        if now < self._ask_at:
            return None
        self._ask_at = now + ASK_AGAIN  # before asking: a nudge from now on counts
        letter = self._take()
        self._dry = letter is None
        if letter is not None:
            self._ask_at = 0.0
            self._inside += 1
            if self._ordered:
                self._open[letter.number] = None
        return letter

    def _begin(self, line: Line, letter: Letter | None, now: float) -> bool:
        """Write the envelope of ``letter``, or of the next one that can be sent; whether there was one."""
        while letter is not None:
            try:
                line.begin(letter, on_wire(letter), now)
            except CannotSend as refusal:
                self._tell(line, refusal.outcome)
                letter = self._next(now)
            else:
                return True
        return False

    def _fly(self, line: Line, now: float) -> None:
        """Write the content of the coming letter, and with its end the envelope of the one after it."""
        talk = line.talk
        slot = self._lines[line]
        if talk.coming is None:
            return
        if self._began(talk.coming.number) is False:
            self.stop()
            raise Lost("No letter may begin any more")
        letter, content = talk.fly()
        slot.held = letter.number
        self._held[letter.number] = slot
        envelope = b""
        if talk.pipelining and not line.full:
            following = self._next(now)
            while following is not None:
                try:
                    envelope = talk.begin(following, on_wire(following))
                    break
                except CannotSend as refusal:
                    self._tell(line, refusal.outcome)
                    following = self._next(now)
        line.fly(content, envelope, now)

    def _tell(self, line: Line | None, outcome: Outcome) -> None:
        """Hand over what became of a letter."""
        self._inside -= 1
        if self._costs:
            self._costs.pop(outcome.number, None)
        if self._ended(outcome):
            if self._open:
                self._released.append(outcome.number)  # others may begin now
            slot = self._held.pop(outcome.number, None)
            if slot is not None:
                slot.held = None
        if outcome.code:
            if outcome.scope is Scope.SERVER:
                self._begins.failed(monotonic())
            else:
                self._begins.worked()

    def _give_back(self, letter: Letter, cost: int, why: Lost) -> None:
        """A letter of which nothing was sent: it goes first on another connection, unless it has cost too much."""
        if self._stop_at is not None:
            self._inside -= 1
            self._unsent.append(letter)
            return
        cost += self._costs.get(letter.number, 0)
        if cost < ENOUGH:
            self._costs[letter.number] = cost
            self._again.appendleft(letter)
        else:
            self._tell(None, Outcome(letter.number, Verdict.DEFERRED, why.code, str(why), Scope.SERVER, why.status))

    # Connections

    def _fill(self, now: float) -> None:
        """Give idle lines something to do; where all are busy, open more: one at first, then as many at once as are open."""
        while self._idle:
            line = self._idle[-1]
            if line.resting:
                letter = self._next(now)
                if letter is None:
                    return
                line.resting = False
                try:
                    begun = self._begin(line, letter, now)
                except Lost as why:
                    self._lose(line, why, now)
                    continue
                if not begun:
                    line.resting = True
                    return
                self._watch(line)
            self._idle.pop()
        while self._free and now >= self._opens.until and self._opening < max(1, len(self._lines) - self._opening):
            if len(self._again) <= self._opening:
                letter = self._next(now)
                if letter is None:
                    return
                self._again.appendleft(letter)
            self._connect(now)

    def _connect(self, now: float) -> None:
        """Begin to connect."""
        try:
            family, address = self._address(now)
            wire = Wire.to(family, address)
        except OSError as error:
            self._not_open(Lost(f"The server cannot be reached: {error.strerror or error}"), now)
            return
        slot = self._free.pop()
        line = Line(
            wire,
            self._server,
            sender=self._sender,
            context=self._context,
            patience=self._patience,
            tell=self._tell,
            now=now,
        )
        slot.line = line
        self._lines[line] = slot
        self._opening += 1
        line.watched = READ | WRITE
        self._selector.register(wire.sock, line.watched, line)

    def _address(self, now: float) -> tuple[int, tuple[object, ...]]:
        """The server's address to try now. Asks the resolver every few minutes, and waits for it."""
        if now >= self._addresses_until or not self._addresses:
            found = socket.getaddrinfo(self._server.host, self._server.port, type=socket.SOCK_STREAM)
            self._addresses = [(family, address) for family, _kind, _protocol, _name, address in found]
            self._addresses_until = now + NAMES_LAST
        return self._addresses[0]

    def _not_open(self, why: Lost, now: float) -> None:
        """A connection came to nothing: rest before the next, and try the host's other address."""
        if self._addresses:
            self._addresses.append(self._addresses.pop(0))
        self._opens.failed(now, 5 if why.lasting else 1)
        if self._again and len(self._lines) == self._opening:  # nobody else will take it
            self._give_back(self._again.popleft(), ENOUGH if why.lasting else FRESH, why)

    def _lose(self, line: Line, why: Lost, now: float) -> None:
        """``line`` is of no more use."""
        slot = self._lines.pop(line)
        slot.line = None
        self._free.append(slot)
        self._selector.unregister(line.wire.sock)
        line.resting = False
        if line.opening:
            self._opening -= 1
        outcome, letter = line.lost(why)
        if outcome is not None:
            self._tell(None, outcome)
        if line.stage is Stage.LEAVING:
            return
        if letter is not None:
            self._give_back(letter, SERVED if line.submitted else FRESH, why)
        if line.opening:
            self._not_open(why, now)
        elif line.submitted:
            self._opens.worked()
        else:
            self._opens.failed(now)

    def _sweep(self, now: float) -> None:
        """See to lines whose patience has ended."""
        for line in [line for line in self._lines if now > line.deadline]:
            if not self._still(line, now) or now <= line.deadline:
                continue
            if line.resting and line.stage is Stage.READY:
                line.resting = False
                self._depart(line, now)
            else:
                self._lose(line, line.late(), now)

    def _still(self, line: Line, now: float) -> bool:
        """Look for an answer once more: it may wait unread while we were held up. Whether ``line`` still stands."""
        if line.stage is not Stage.CONNECTING:
            self._serve(line, READ, now)
        return line in self._lines

    def _depart(self, line: Line, now: float) -> None:
        try:
            line.leave(now)
        except Lost as why:
            self._lose(line, why, now)
        else:
            self._watch(line)

    def _wind_up(self, now: float, stop_at: float) -> bool:
        """Stopping: whether all is done. Letters not begun are set aside, lines without a letter in flight are closed."""
        stopped = Lost("Stopped before the server answered")
        while self._again:
            self._give_back(self._again.popleft(), 0, stopped)
        for line in list(self._lines):
            talk = line.talk
            if line.stage is Stage.LEAVING:
                continue
            if talk.flying is not None:
                if now >= stop_at and self._still(line, now) and talk.flying is not None:
                    self._lose(line, stopped, now)
            elif line.stage is Stage.READY and not talk.awaited and talk.coming is None:
                self._depart(line, now)
            else:
                self._lose(line, stopped, now)
        return not self._lines
