"""Why a photograph was not screened, and what is wrong with a file that a user gives."""

from collections.abc import Sequence
from pathlib import Path


class RejectedPhotograph(ValueError):
    """A photograph that is reported instead of screened.

    Attributes:
        reason: one word for tables: "unreadable", "too_large", "no_fov", "too_small", "too_dark",
            "overexposed", "not_fundus", "crashed", "timed_out" or "failed".
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FileProblems(ValueError):
    """Everything that is wrong with a file, a line each, with the row where it has rows.

    Attributes:
        problems: the lines.
    """

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        count = f"{len(problems)} problem" + ("s" if len(problems) != 1 else "")
        super().__init__("\n".join([f"{path}: {count}", *(f"  {p}" for p in problems)]))
