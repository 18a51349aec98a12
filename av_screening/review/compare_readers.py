"""What `agree` does: pair two readers' answers, write figures, and labels from what is settled."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from av_screening.errors import FileProblems
from av_screening.eyes.eye_table import read_run_eyes
from av_screening.review.agreement import Tolerance, agreement, pair_answers
from av_screening.review.agreement_report import ADJUDICATE, write_agreement
from av_screening.review.answers import SIGNS, Answer, read_answers, read_review
from av_screening.review.reviewed_labels import decide, labels_of, write_labels
from av_screening.run.finished_run import FinishedRun, read_table

SAME_PLACE = 10 / 540
"""Added crossings that are at most so far apart are one (diameters of the field of view): 10 DRIVE
px, half a box."""


def run_agree(args: argparse.Namespace) -> None:
    run = FinishedRun.read(args.run) if args.run else None
    first, second = (read_answers(path, run) for path in args.reviews)
    check_same_run(args.reviews, first, second)
    near = tolerance_of(run, args.tolerance)
    pairs = pair_answers(first, second, near)
    figures = agreement(pairs, args.draws)
    readers = first[0].reader, second[0].reader
    if not args.adjudicated:
        keep_answers(args.output / ADJUDICATE)
    settled = read_review(args.adjudicated, run, unanswered=True) if args.adjudicated else []
    if run is not None:
        final, undecided = decide(pairs, settled, near)
        label_answers(final, run, args, undecided)
    write_agreement(args.output, pairs, figures, readers, listed=not args.adjudicated)
    counts = figures["counts"]
    print(f"{counts['read_by_both']} crossings read by both, {counts['to_adjudicate']} to settle")
    if counts["sides_read_by_both"] or counts["bent_read_by_both"]:
        told = {n: figures["metrics"][n] for n in ("side_qwk", "worse_side_qwk", "bent_kappa")}
        said = ", ".join(
            f"{n} {'not defined' if v is None else f'{v:.3f}'}" for n, v in told.items()
        )
        print(
            f"sides read by both at {counts['sides_read_by_both']} crossings, bent at "
            f"{counts['bent_read_by_both']}: {said}"
        )
    print(f"written: {args.output / 'agreement.html'}")


def label_answers(
    answers: Sequence[Answer], run: FinishedRun, args: argparse.Namespace, undecided: int = 0
) -> None:
    """Write labels of answers that stand to --output, and say how many."""
    persons = {name: eye.person for name, eye in read_run_eyes(args.eyes, run).items()}
    cut = None
    if args.photographs:
        from av_screening.review.added_crossings import AddedCrossings

        cut = AddedCrossings(run, args.photographs, args.output)
    labels = labels_of(answers, run, args.output, persons, undecided, cut)
    write_labels(args.output, labels)
    signs = sum(1 for row in labels.readings if any(row[name] != "" for name in SIGNS))
    print(
        f"{len(labels.manifest)} graded patches, {len(labels.readings)} readings; "
        f"{undecided} crossings undecided, {labels.without_patch} graded but added, "
        "so without patch" + (": --photographs gives them one" if labels.without_patch else "")
    )
    print(f"{signs} readings say something of the vein's sides or its bend")


def keep_answers(listed: Path) -> None:
    """Raise FileProblems where a list to adjudicate has answers, which would be written over."""
    if listed.is_file():
        table = read_table(listed, ["answer"], {"answer": "str"})
        answered = int(table["answer"].notna().sum())
        if answered:
            raise FileProblems(
                listed,
                [f"expected no answers yet, found {answered}: --adjudicated takes them"],
            )


def check_same_run(paths: list[Path], first: list[Answer], second: list[Answer]) -> None:
    """Raise ValueError where two review files are of different runs."""
    runs = first[0].run, second[0].run
    if all(runs) and runs[0] != runs[1]:
        raise ValueError(
            f"{paths[1]}: run: expected {runs[0]!r} as in {paths[0]}, found {runs[1]!r}"
        )


def tolerance_of(run: FinishedRun | None, pixels: float) -> Tolerance:
    """Photograph → `SAME_PLACE` in px; `pixels` where no run tells its scale."""
    if run is None:
        return lambda photograph: pixels
    diameters = run.fov_diameters
    return lambda photograph: SAME_PLACE * diameters[photograph]
