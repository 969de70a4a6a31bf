"""Who reads what: few articles get most readers (Zipf's law, exponent about one)."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


def weights(count: int, exponent: float = 1.0) -> list[float]:
    """How likely each rank is, the first the likeliest; they add up to one."""
    raw = [rank**-exponent for rank in range(1, count + 1)]
    total = sum(raw)
    return [weight / total for weight in raw]


def sample(things: Sequence[T], draws: int, *, exponent: float = 1.0, seed: int = 1) -> list[T]:
    """``draws`` of ``things``, whose order is their rank. Equal seeds give equal draws."""
    bounds = list(accumulate(weights(len(things), exponent)))
    chance = random.Random(seed)
    last = len(things) - 1
    return [things[min(bisect(bounds, chance.random()), last)] for _ in range(draws)]
