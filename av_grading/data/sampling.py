"""Which patches an epoch sees: all grades alike, however rare they are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def balanced_order(grades: Sequence[int], count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Rows of one epoch, (count,): each grade equally often in expectation.

    Within a grade every row comes once before any comes again. The order depends on seed and
    epoch alone, so that a run that is resumed goes on as if it had not stopped.
    """
    y = np.asarray(grades)
    rng = np.random.default_rng([seed, epoch])
    kinds = np.unique(y)
    drawn = rng.permutation(np.resize(kinds, count))
    order = np.empty(count, np.int64)
    for kind in kinds:
        places, rows = np.flatnonzero(drawn == kind), np.flatnonzero(y == kind)
        rounds = -(-len(places) // len(rows))
        order[places] = np.concatenate([rng.permutation(rows) for _ in range(rounds)])[
            : len(places)
        ]
    return order


def plain_order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Rows of one epoch, (count,), each once, shuffled by seed and epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count)
