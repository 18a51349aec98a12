"""Photographs that a detector finds hard are shown more often in training.

Which are hard is measured before (tools/measure_losses.py): the losses of a detector on them.
Within its set a photograph is drawn in proportion to its loss, so that no set drowns the others.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from av_detectron.data.errors import InputFileError

MOST = 2.5
"""How many times as often as an average one of its set a photograph is drawn at most; at least, the
inverse."""


def photograph_key(file_name: str) -> str:
    """What a photograph is called in a file of losses: set, split and name.

    >>> photograph_key("/data/drive/train/images/21_training.tif")
    'drive/train/21_training.tif'
    """
    path = Path(file_name)
    return "/".join([*path.parts[-4:-2], path.name])


def read_losses(path: Path) -> dict[str, float]:
    """Losses of photographs, by `photograph_key`.

    Raises:
        InputFileError: the file is missing, or holds something else.
    """
    try:
        losses = json.loads(path.read_text(encoding="utf-8"))["losses"]
        return {str(name): float(loss) for name, loss in losses.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"expected losses, as tools/measure_losses.py writes them ({error})"
        raise InputFileError(path, reason) from error


def repeat_factors(
    sets: Sequence[Sequence[Mapping[str, Any]]], losses: Mapping[str, float], path: Path
) -> torch.Tensor:
    """How often each photograph is drawn an epoch, (N,) for the photographs of all sets in turn.

    Args:
        sets: dataset dicts, set by set.
        losses: by `photograph_key`, all above 0.
        path: where they were read, for messages.

    Raises:
        InputFileError: the loss of a photograph is missing.
    """
    factors = []
    for records in sets:
        names = [photograph_key(str(record["file_name"])) for record in records]
        missing = [name for name in names if name not in losses]
        if missing:
            raise InputFileError(path, f"expected the loss of {missing[0]}, found none")
        known = torch.tensor([losses[name] for name in names])
        relative = (known / known.mean()).clamp(1 / MOST, MOST)
        factors.append(relative / relative.mean())
    return torch.cat(factors)
