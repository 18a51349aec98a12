"""Parts of a run on several machines that share its folders, as arrays of Slurm or Kubernetes do.

Every shard screens its own photographs into the one output folder. Which these are depends on their
paths alone: a shard that failed is run again, on any machine.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from filelock import FileLock

LOCK = ".lock"


@dataclass(frozen=True)
class Shard:
    """The `number`th of `count` parts, counted from 1.

    Raises:
        ValueError: there is no such part.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ValueError(
                f"shard: expected I/N with I from 1 to N, found {self.number}/{self.count}"
            )

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read "I/N".

        Raises:
            ValueError: it is something else.

        >>> Shard.parse("2/8")
        Shard(number=2, count=8)
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal()):
            raise ValueError(f"shard: expected I/N, such as 2/8, found {text!r}")
        return cls(int(number), int(count))

    def has(self, relative: PurePath) -> bool:
        """Whether a photograph's path below the input folder is of this part."""
        text = relative.as_posix().encode("utf-8", "surrogateescape")
        word = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
        return word % self.count == self.number - 1


@contextmanager
def held(output: Path, shard: Shard | None) -> Iterator[None]:
    """Hold a run's folder: whole, so that neither a run nor a shard writes beside, or one shard.

    Raises:
        filelock.Timeout: someone else holds it, or with a whole folder a shard of it.
        OSError: it cannot be written.
    """
    with ExitStack() as locks:
        if shard is None:
            locks.enter_context(FileLock(output / LOCK, timeout=0))
            for path in output.glob(f"{LOCK}-*"):
                locks.enter_context(FileLock(path, timeout=0))
        else:
            name = f"{LOCK}-{shard.number}-of-{shard.count}"
            locks.enter_context(FileLock(output / name, timeout=0))
            with FileLock(output / LOCK, timeout=0):
                pass  # no whole run holds the folder; one that starts now meets this shard's lock
        yield
