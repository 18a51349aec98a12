"""What the review pages say, in the language that is asked for.

    with speaking("de"):
        translate("The artery is {share} as wide as the vein.", share="80 %")

A catalogue is JSON with the parts

- `name`: the language's own name,
- `page`: what templates and scripts say; the page gets it as data,
- `sentences`: what Python says of a crossing,
- `reasons`: why something is not graded or not measured. Tables hold these texts in English with
  their numbers, so that they are recognised by what stands around the places.

The key is the English message, with named places such as {share}; the value says the same with the
same places. Where it depends on the place {n}, a number, the value has a form for each of the
language's plural categories (CLDR: zero, one, two, few, many, other). Browsers know these rules of
every language; Python knows one and other alone.

Tables, review files, logs and errors stay English: programs read them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENGLISH = "en"
PARTS = ("page", "sentences", "reasons")
PLACE = re.compile(r"\{(\w+)\}")
Forms = Mapping[str, str]

_spoken: ContextVar[str] = ContextVar("language", default=ENGLISH)


@dataclass(frozen=True)
class Catalogue:
    """What a language's file has; each part by English message.

    Attributes:
        name: of the language, in itself.
        page, sentences, reasons: see above.
    """

    name: str
    page: Mapping[str, str | Forms] = field(default_factory=dict)
    sentences: Mapping[str, str | Forms] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@cache
def languages() -> tuple[str, ...]:
    """Codes of all that there are: those of the files here."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def catalogue(code: str) -> Catalogue:
    """Of a language.

    Raises:
        ValueError: there is none; says which there are.
    """
    if code not in languages():
        raise ValueError(f"language: expected one of {', '.join(languages())}, found {code!r}")
    return Catalogue(**json.loads((FOLDER / f"{code}.json").read_text(encoding="utf-8")))


def language() -> str:
    """Code of the language that is spoken here."""
    return _spoken.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language for a while.

    Raises:
        ValueError: there is no such language.
    """
    catalogue(code)
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def translate(message: str, /, **values: object) -> str:
    """A message in the language that is spoken, with its values; in English where the catalogue
    does not have it, as of a sign that somebody has added.

    Args:
        message: in English, with named places.
        values: what goes there; `n`, a number, chooses between forms.

    >>> translate("{n} of {total} crossings", n=1, total=5)
    '1 of 5 crossings'
    """
    spoken = catalogue(language())
    known = spoken.sentences.get(message) or spoken.page.get(message) or message
    if not isinstance(known, str):
        known = known["one" if values.get("n") == 1 else "other"]
    return known.format(**values) if values else known


def translate_reason(text: str) -> str:
    """Why something is not graded or not measured, from the English text of a table; what the
    catalogue does not know stays as it is.

    >>> with speaking("de"):
    ...     translate_reason("no vein in the map; second side hidden: nobody knows")
    'keine Vene in der Gefäßkarte; zweite Seite hidden: nobody knows'
    """
    return "; ".join(_reason(part) for part in text.split("; "))


def _reason(text: str) -> str:
    for pattern, message in _patterns(language()):
        if found := pattern.fullmatch(text):
            return message.format(**{k: _reason(v) for k, v in found.groupdict().items()})
    return text


@cache
def _patterns(code: str) -> list[tuple[re.Pattern[str], str]]:
    """Reasons as they are recognised, those that say most first."""
    reasons = catalogue(code).reasons
    most = sorted(reasons, key=lambda english: -len(PLACE.sub("", english)))
    return [(_pattern(english), reasons[english]) for english in most]


def _pattern(english: str) -> re.Pattern[str]:
    parts = PLACE.split(english)  # texts and names of places, in turns
    text = "".join(f"(?P<{p}>.+?)" if i % 2 else re.escape(p) for i, p in enumerate(parts))
    return re.compile(text)
