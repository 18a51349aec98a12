"""What a training does without: whole cameras, or a share of every set's photographs.

Cross-fitting: detectors that each learned without a share of the photographs.

Maps and centres on photographs that a detector has learned from are better than those on others;
whoever learns from them afterwards, as the grader's second look does, would learn from a map that
use never gives. Each photograph's own come from the detector that has not seen it.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def parse_fold(text: str) -> tuple[int, int]:
    """`2/3` as (2, 3): the second of three folds.

    Raises:
        ValueError: another form, or no such fold.

    >>> parse_fold("2/3")
    (2, 3)
    """
    matched = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    fold, count = (int(g) for g in matched.groups()) if matched else (0, 0)
    if not 1 <= fold <= count or count < 2:
        raise ValueError(f"DATASETS.LEFT_OUT_FOLD: expected a fold such as 1/2, found {text!r}")
    return fold, count


def photograph_folds(records: Iterable[Record], count: int) -> dict[str, int]:
    """The fold of each photograph of one set, 1 to `count`: dealt out in the order of names.

    >>> photograph_folds([{"file_name": "b"}, {"file_name": "a"}, {"file_name": "c"}], 2)
    {'a': 1, 'b': 2, 'c': 1}
    """
    names = sorted({str(record["file_name"]) for record in records})
    return {name: 1 + number % count for number, name in enumerate(names)}


def without_fold(records: Iterable[Record], left_out: str) -> list[Record]:
    """A set's dataset dicts without those of a fold such as "1/2"; all of them where it is empty.

    Raises:
        ValueError: see `parse_fold`.
    """
    records = list(records)
    if not left_out:
        return records
    fold, count = parse_fold(left_out)
    folds = photograph_folds(records, count)
    return [record for record in records if folds[str(record["file_name"])] != fold]


def set_of(dataset: str) -> str:
    """The set of a dataset's name; "" where it is none of ours.

    >>> set_of("crosspos_les_av_train")
    'les_av'
    """
    prefix, _, rest = dataset.partition("_")
    return rest.rpartition("_")[0] if prefix == "crosspos" else ""


def without_sets(datasets: Iterable[str], left_out: Iterable[str]) -> tuple[str, ...]:
    """Names of datasets without those of some sets of photographs.

    Args:
        datasets: such as "crosspos_drive_train".
        left_out: such as "drive".

    Raises:
        ValueError: a set is none of theirs, or none remains.

    >>> without_sets(["crosspos_drive_train", "crosspos_hrf_train"], ["hrf"])
    ('crosspos_drive_train',)
    """
    datasets = tuple(datasets)
    remaining = datasets
    for name in left_out:
        before = remaining
        remaining = tuple(dataset for dataset in before if set_of(dataset) != name)
        if remaining in ((), before):
            raise ValueError(f"left out: {name}: expected a set among {', '.join(datasets)}")
    return remaining


def detectors_by_fold(left_out: dict[Path, str]) -> dict[int, Path]:
    """Which of several detectors has not seen a fold: fold → its file.

    Args:
        left_out: file → what its config has as DATASETS.LEFT_OUT_FOLD.

    Raises:
        ValueError: they are not one for each fold; names the file.
    """
    found: dict[int, Path] = {}
    for path, text in left_out.items():
        fold, count = parse_fold(text) if text else (0, 0)
        if count != len(left_out) or fold in found:
            kept = f"without fold {text}" if text else "on all photographs"
            raise ValueError(
                f"{path}: expected {len(left_out)} detectors, each without another one of as many "
                f"folds, found one trained {kept}"
            )
        found[fold] = path
    return found
