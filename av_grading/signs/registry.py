"""Which signs there are: every module of this folder that has a `SIGN`. Imports no torch."""

import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import av_grading.signs
from av_grading.signs.sign import Finding, Sign

_signs: dict[str, Sign] = {}
_NO_SIGNS = ("__main__", "drawing", "registry", "sign")


def signs() -> tuple[Sign, ...]:
    """All signs, by position."""
    if not _signs:
        for module in pkgutil.iter_modules(av_grading.signs.__path__):
            if module.name not in _NO_SIGNS:
                found = import_module(f"av_grading.signs.{module.name}")
                if hasattr(found, "SIGN"):
                    register(found.SIGN)
    return tuple(sorted(_signs.values(), key=lambda sign: sign.position))


def findings() -> tuple[Finding, ...]:
    """Of all signs, in their order."""
    return tuple(finding for sign in signs() for finding in sign.findings)


def get_sign(name: str) -> Sign:
    """A sign by its name.

    Raises:
        KeyError: there is none of that name; says which there are.
    """
    known = {sign.name: sign for sign in signs()}
    if name not in known:
        raise KeyError(f"expected a sign of {', '.join(known)}, found {name!r}")
    return known[name]


def register(sign: Sign) -> None:
    """Add a sign; files of this folder are added by themselves.

    Raises:
        ValueError: its name, its position, a column or a finding of it is taken.
    """
    for other in _signs.values():
        if sign.name == other.name:
            raise ValueError(f"{sign.name}: expected a new name, found one that is taken")
        if sign.position == other.position:
            free = max(s.position for s in _signs.values()) + 1
            raise ValueError(
                f"{sign.name}: expected a free position, such as {free}, found {sign.position}, "
                f"that of {other.name}"
            )
        if both := sorted(sign.meanings().keys() & other.meanings().keys()):
            raise ValueError(f"{sign.name}: columns {both} are those of {other.name} already")
        names = {finding.name for finding in sign.findings}
        if both := sorted(names & {finding.name for finding in other.findings}):
            raise ValueError(f"{sign.name}: findings {both} are those of {other.name} already")
    _signs[sign.name] = sign


@contextmanager
def registered(sign: Sign) -> Iterator[None]:
    """A sign for a while, such as one that is being tried."""
    signs()
    register(sign)
    try:
        yield
    finally:
        del _signs[sign.name]
