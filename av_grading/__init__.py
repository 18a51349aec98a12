"""Grade artery-vein nicking on patches; knows nothing of Detectron2.

    from av_grading import load_grader

    grader = load_grader()  # what is shipped, or a file of a training
    probabilities = grader.grade(patches, maps)  # (N, P, P, 3), (N, P, P) → (N, 4)

Importing it is quick: torch is imported when a name is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av_grading.grader import Grader, load_grader

    __version__: str

__all__ = ["Grader", "load_grader"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        return _version()
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("av_grading.grader"), name)


def _version() -> str:
    """setup.py's, the one place where it stands."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("av-nicking")
    except PackageNotFoundError:  # run from its sources
        return "unknown"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
