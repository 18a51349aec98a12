"""How far long work has come: a bar on a terminal, now and then a line elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
EVERY = 30.0
"""Seconds between two lines: a log of hours stays short, and short work has none."""


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
    last = time.monotonic()
    for number, item in enumerate(items, done + 1):
        yield item
        now = time.monotonic()
        if now - last >= EVERY:
            last = now
            print(f"{title}: {unit} {number}{of}", flush=True)
