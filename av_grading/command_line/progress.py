"""How far long work has come, how fast it goes and what is left: a bar on a terminal, now and then
a line elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
EVERY = 30.0
"""Seconds between two lines: a log of hours stays short, and short work has none."""
LINES = 10
"""Over how many of them the pace is told: work that was done before is handed on in no time."""


def progress(
    items: Iterable[Item], title: str, unit: str, total: int | None = None, *, done: int = 0
) -> Iterator[Item]:
    """Hand on items and show how many are done.

    Args:
        items: to be worked on.
        title: what is done with them.
        unit: what one of them is.
        total: how many there are in all, where `items` has no length or is what is left of them.
        done: how many were done before.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, title, total, unit=unit, initial=done)
        return
    if total is None and isinstance(items, Sized):
        total = len(items)
    of = "" if total is None else f" of {total}"
    lines = deque([(time.monotonic(), done)], maxlen=LINES)
    for number, item in enumerate(items, done + 1):
        yield item
        now = time.monotonic()
        if now - lines[-1][0] >= EVERY:
            pace = (number - lines[0][1]) / max(now - lines[0][0], 1e-9)
            lines.append((now, number))
            left = "" if total is None else f", {duration((total - number) / pace)} left"
            print(f"{title}: {unit} {number}{of}, {60 * pace:.1f} a minute{left}", flush=True)


def duration(seconds: float) -> str:
    """A time as people say it.

    >>> duration(42), duration(600), duration(9_000), duration(800_000)
    ('42 s', '10 min', '2 h 30 min', '9 d 6 h')
    """
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
