"""Labels that come of readers' answers: a manifest of grades, readings of order and gradability."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from av_grading.formats.files import write_whole
from av_grading.formats.manifest import PLACE, format_manifest
from av_screening.review.agreement import Pair, Tolerance, pair_answers
from av_screening.review.answers import SIDES, SIGNS, Answer
from av_screening.run.finished_run import FinishedRun
from av_screening.write.columns import format_csv

MANIFEST, READINGS = "manifest.csv", "readings.csv"
READING_COLUMNS = "photograph crossing x_px y_px above gradable answer reason readers".split()
READING_COLUMNS += SIGNS
MORE = (*PLACE, "person", "readers", "screened_grade")


@dataclass(frozen=True)
class PatchFiles:
    """A crossing's patch and map, and how many px of them one px of the photograph is."""

    patch: Path
    av_map: Path
    scale: float


Key = tuple[str, int | tuple[float, float]]
"""Photograph, and the crossing's number there or the place where it was added."""
CutAdded = Callable[[Sequence[Answer]], Sequence[PatchFiles]]
"""Makes patches of crossings that readers added, one each."""


@dataclass(frozen=True)
class Labels:
    """Rows of the two tables.

    Attributes:
        manifest: of graded crossings that have a patch.
        readings: of every crossing that has an answer. `above` is artery for grades 0-3, which an
            artery above alone can have, vein for `vein_above`, else unclear; `gradable` is 1 or 0.
        without_patch: graded crossings that readers added, where nothing cuts a patch of them.
        undecided: crossings without an answer that both, or the adjudication, gave.
    """

    manifest: list[dict[str, object]] = field(default_factory=list)
    readings: list[dict[str, object]] = field(default_factory=list)
    without_patch: int = 0
    undecided: int = 0


def decide(
    pairs: Sequence[Pair], adjudicated: Sequence[Answer], tolerance: Tolerance
) -> tuple[list[Answer], int]:
    """Answers that stand, and the number of crossings that have none yet.

    Where both readers agree it is theirs (`reader` names both), with the signs that both say alike;
    elsewhere the adjudicated one.

    Args:
        pairs: of the two readers.
        adjudicated: answers of a third file, of any of the crossings; empty ones are none.
        tolerance: see `pair_answers`.
    """
    settled = [a for a in adjudicated if a.answer]
    answered = pair_answers([p.known for p in pairs], settled, tolerance)
    by_known = {id(p.first): p.second for p in answered if p.first}
    final, undecided = [], 0
    for pair in pairs:
        answer = by_known.get(id(pair.known))
        if answer is not None:
            final.append(answer)
        elif pair.first and pair.second and not pair.why:
            both = f"{pair.first.reader}+{pair.second.reader}"
            final.append(replace(_with_common_signs(pair), reader=both))
        else:
            undecided += 1
    # An adjudicator may add what both have missed.
    return final + [p.second for p in answered if p.second and not p.first], undecided


def _with_common_signs(pair: Pair) -> Answer:
    """The first reader's answer with those signs that the second says, too."""
    assert pair.first is not None
    common = pair.signs
    first, second = (int(common[side]) if common[side] else None for side in SIDES)
    bent = pair.first.bent if common["bent"] else None
    return replace(pair.first, side_first=first, side_second=second, bent=bent)


def labels_of(
    answers: Iterable[Answer],
    run: FinishedRun,
    output: Path,
    persons: Mapping[str, str] | None = None,
    undecided: int = 0,
    cut: CutAdded | None = None,
) -> Labels:
    """Labels of answers on a run's crossings.

    Args:
        answers: one a crossing.
        run: whose patches are named.
        output: folder that the patches' paths are relative to.
        persons: photograph → person, whose patches a training never splits; otherwise the DICOM
            attribute of the run is the group, else the photograph.
        undecided: to be counted.
        cut: makes patches of graded crossings that readers added; without it they have none.
    """
    answers = list(answers)
    graded = [a for a in answers if a.read_grade is not None]
    added = [a for a in graded if a.crossing is None]
    files = _patches_of_run(run)
    if cut is not None and added:
        files |= {_key(a): f for a, f in zip(added, cut(added), strict=True)}
    identities = _identities(run)
    manifest: list[dict[str, object]] = []
    for answer in graded:
        found = files.get(_key(answer))
        if found is None:
            continue
        manifest.append(
            {
                "patch": os.path.relpath(found.patch, output),
                "av_map": os.path.relpath(found.av_map, output),
                "grade": answer.read_grade,
                "group": identities.get(answer.photograph) or answer.photograph,
                "person": (persons or {}).get(answer.photograph, ""),
                "source": answer.photograph,
                "x": f"{answer.x:.1f}",
                "y": f"{answer.y:.1f}",
                "scale": found.scale,
                "readers": answer.reader,
                "screened_grade": "" if answer.grade is None else answer.grade,
            }
        )
    readings = [_reading(answer) for answer in answers]
    return Labels(manifest, readings, len(graded) - len(manifest), undecided)


def _key(answer: Answer) -> Key:
    place = (answer.x, answer.y) if answer.crossing is None else answer.crossing
    return answer.photograph, place


def _patches_of_run(run: FinishedRun) -> dict[Key, PatchFiles]:
    table = run.crossings
    columns = (table[c] for c in ("photograph", "crossing", "patch", "av_map", "scale"))
    return {
        (str(photograph), int(number)): PatchFiles(run.output / patch, run.output / av_map, scale)
        for photograph, number, patch, av_map, scale in zip(*columns, strict=True)
    }


def _identities(run: FinishedRun) -> dict[str, str]:
    """Photograph → value of the DICOM attribute that the run was asked for."""
    if "id" not in run.crossings:
        return {}
    known = run.crossings.dropna(subset=["id"])
    return {str(p): str(i) for p, i in zip(known["photograph"], known["id"], strict=True)}


def _reading(answer: Answer) -> dict[str, object]:
    above = {"vein_above": "vein"}.get(answer.answer, "unclear")
    return {
        "photograph": answer.photograph,
        "crossing": answer.crossing,
        "x_px": f"{answer.x:.1f}",
        "y_px": f"{answer.y:.1f}",
        "above": above if answer.read_grade is None else "artery",
        "gradable": int(answer.gradable),
        "answer": answer.answer,
        "reason": answer.reason,
        "readers": answer.reader,
        **answer.signs,
    }


def write_labels(output: Path, labels: Labels) -> None:
    """Write `MANIFEST` and `READINGS`.

    Raises:
        OSError: they cannot be written.
    """
    write_whole(output / MANIFEST, format_manifest(labels.manifest, MORE))
    write_whole(output / READINGS, format_csv(READING_COLUMNS, labels.readings))
