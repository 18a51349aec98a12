"""Photographs in, graded crossings, tables and review pages out.

    from av_screening import screen

    result = screen("photograph.png")
    result.to_dataframe()
    result.plot()

Composes `av_detectron` (photograph → crossings, masks, artery/vein map) and `av_grading` (patch and
map → grade), which know nothing of each other and nothing of this package. Importing it is quick:
what needs torch is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av_screening.api import ScreeningResult, screen
    from av_screening.errors import RejectedPhotograph
    from av_screening.run.folder import Counts, UsageError, screen_folder
    from av_screening.settings import Settings

_HOMES = {
    "screen": "av_screening.api",
    "ScreeningResult": "av_screening.api",
    "screen_folder": "av_screening.run.folder",
    "Counts": "av_screening.run.folder",
    "UsageError": "av_screening.run.folder",
    "Settings": "av_screening.settings",
    "RejectedPhotograph": "av_screening.errors",
}
__all__ = [
    "Counts",
    "RejectedPhotograph",
    "ScreeningResult",
    "Settings",
    "UsageError",
    "screen",
    "screen_folder",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
