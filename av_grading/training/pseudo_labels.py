"""Labels of crossings that were not read, given by networks that learned from readings.

Self-training with a noisy student (Xie 2020, https://arxiv.org/abs/1911.04252).

More crossings were not read than were, and several networks of different kind know more than each
of them alone: what they say together is what one of them learns from.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.close_ups.fine_map import load_close_up
from av_grading.close_ups.reading_inputs import ReadingInputs
from av_grading.close_ups.readings import Targets
from av_grading.config import ConfigError, required
from av_grading.data.patch_set import PatchSet
from av_grading.decision import SHIPPED
from av_grading.formats.grade_definition import GRADES
from av_grading.grader import load_grader
from av_grading.models.reading_head import NAME as HEAD
from av_grading.models.reading_head import head_answers
from av_grading.models.reading_outputs import OUTPUTS, QUESTIONS, Answers
from av_grading.models.reading_strip import NAME as STRIP
from av_grading.models.reading_strip import load_strip_reader
from av_grading.models.weights_file import WeightsError

Floats = NDArray[np.float64]

LEAST_CLEAR = 0.05
"""Crossings that are clear with a lower probability teach nothing of grades."""
_BATCH = 64
_VIEWS = 2  # of the grader, as in use
_RARELY = 0.3  # how often a crossing that is not clear is drawn, beside a clear one


@dataclass(frozen=True)
class Unread:
    """Crossings that were not read, and the networks that label them: where a fold is left out,
    networks that left it out, too.

    Attributes:
        close_ups: folder that datasets/cut_readings.py --unread wrote.
        inputs: file in which what is seen of them is kept, made where it is not there; empty: there
            are none.
        strip, head, grader: weights of the networks.
        share: of every batch, how many of its crossings are such ones.
    """

    close_ups: str = ""
    inputs: str = ""
    strip: str = ""
    head: str = ""
    grader: str = ""
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ConfigError(f"share: expected 0 to 1, found {self.share}")


@dataclass(frozen=True)
class PseudoLabels:
    """Of N crossings.

    Attributes:
        targets: as those of readings; `weight` is the probability that a crossing is clear.
        usable: whether there is something to learn of it, (N,).
    """

    targets: Targets
    usable: NDArray[np.bool_]

    def chances(self, rows: NDArray[np.int64]) -> Floats:
        """How often each of some rows is drawn, (N,), nicked and clear ones more often; they sum to
        one."""
        expected = self.targets.grade[rows] @ np.arange(len(GRADES))
        found = (1 + expected) * (_RARELY + self.targets.clear[rows])
        return np.asarray(found / found.sum(), np.float64)


def label(inputs: ReadingInputs, settings: Unread) -> PseudoLabels:
    """What the networks say of crossings, together as the shipped decision weighs them; of the
    vein's sides what the one says that sees them apart.

    Raises:
        ConfigError: weights are not named.
        WeightsError: a file cannot be read, or is of another kind.
    """
    weights = {
        name: required(getattr(settings, name), f"unread.{name}", "weights")
        for name in ("strip", "head", "grader")
    }
    strip = _strips(inputs, weights["strip"])
    count = len(inputs)
    patches = PatchSet(inputs.patches, inputs.maps, torch.full((count,), -1), [""] * count)
    grader = replace(load_grader(weights["grader"]), views=_VIEWS)
    read = grader.read(patches, np.arange(count))
    head = load_close_up(weights["head"]).head
    if head is None:
        raise WeightsError(f"{weights['head']}: expected weights with a reading head, found none")
    with torch.inference_mode():
        seen = head_answers(head(inputs.features).double().numpy())
    return combine(strip, seen, read, inputs.followed.numpy())


def combine(
    strip: Floats, head: Answers, grader: Answers, followed: NDArray[np.bool_]
) -> PseudoLabels:
    """Labels of N crossings from what three networks say.

    Args:
        strip: probabilities, (N, OUTPUTS).
        head, grader: answers.
        followed: whether the strip could be looked at, (N,).
    """
    own = Answers.of(strip)
    each = {STRIP: own, HEAD: head, "grader": grader}
    weights = {STRIP: SHIPPED.weights[STRIP], HEAD: SHIPPED.weights[HEAD]}
    weights["grader"] = 1 - sum(weights.values())
    grade = np.sum([weight * each[name].grade for name, weight in weights.items()], axis=0)
    clear = np.mean([one.clear for one in each.values()], axis=0)
    bent = (own.bent + grader.bent) / 2  # the head knows nothing of it
    above = np.mean([one.artery_above for one in each.values()], axis=0)
    first, second = _sides(strip)
    worse = np.diff(first.cumsum(axis=1) * second.cumsum(axis=1), axis=1, prepend=0)
    better = -np.diff(_from_top(first) * _from_top(second), axis=1, append=0)
    parts = (grade, worse, better, clear, bent, above, clear, np.ones(len(grade)))
    known = followed & (clear >= LEAST_CLEAR)
    return PseudoLabels(Targets(*(np.nan_to_num(p).astype(np.float32) for p in parts)), known)


def joined(read: Targets, labels: PseudoLabels) -> Targets:
    """Targets of read crossings, and after them those of the others."""
    names = Targets.__dataclass_fields__
    return Targets(
        **{n: np.concatenate([getattr(read, n), getattr(labels.targets, n)]) for n in names}
    )


def _strips(inputs: ReadingInputs, weights: Path) -> Floats:
    reader = load_strip_reader(weights)
    found = np.full((len(inputs), OUTPUTS), np.nan)
    rows = np.flatnonzero(inputs.followed.numpy())
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        at = torch.from_numpy(part)
        found[part] = reader.read(inputs.strips[at], inputs.widths[at])
    return found


def _sides(probabilities: Floats) -> tuple[Floats, Floats]:
    start, count = len(GRADES) + len(QUESTIONS), len(GRADES)
    return probabilities[:, start : start + count], probabilities[:, start + count :]


def _from_top(shares: Floats) -> Floats:
    return shares[:, ::-1].cumsum(axis=1)[:, ::-1]
