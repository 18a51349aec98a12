"""Figures of a whole cohort: grades, gradable or not, widths, what was not screened.

    av-nicking report out
    av-nicking report out --eyes eyes.csv --group group --reference normal

Reads the tables of a run alone, no photograph; also of a folder whose sub-folders are runs of
different photographs. Writes report.html and a PNG of every figure. With --eyes, a CSV with
photograph (or image) and a column that names each eye's group, every sign is compared between the
groups: means, and the area under the ROC curve against the group named with --reference, with
intervals over eyes. `sign_groups` beside this module says what each figure means.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from av_grading.command_line import exit_code


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("run", type=Path, help="folder of a run, or of several")
    add("--output", type=Path, help="folder to write; by default RUN/report")
    add("--eyes", type=Path, help="CSV with photograph (or image) and each eye's group")
    add("--group", default="group", metavar="COLUMN", help="of --eyes; by default group")
    add("--reference", default="normal", metavar="GROUP", help="by default normal")
    add("--results", type=Path, help="results file of the groups, JSON; needs --eyes")
    add("--draws", type=int, default=1000, help="resamples of the eyes, for intervals")
    add("--seed", type=int, default=0, help="of the resampling")
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    if args.results and not args.eyes:
        parser.error("--results: expected --eyes too, which names the groups")
    if args.draws < 1:
        parser.error(f"--draws: expected at least 1, found {args.draws}")
    return exit_code(lambda: report(args))


def report(args: argparse.Namespace) -> None:
    """Write a run's report, and figures of groups where they are asked for, and say where.

    Raises:
        FileProblems, ValueError, OSError: a table is not what it should be, or a file cannot be
            written.
    """
    from av_grading.formats.results import write_results
    from av_screening.report.cohort import write_report
    from av_screening.report.sign_groups import compare_groups, read_groups
    from av_screening.run.finished_run import FinishedRun

    run = FinishedRun.read_all(args.run)
    groups, figures = {}, []
    if args.eyes:
        groups = read_groups(args.eyes, args.group, list(run.folders))
        figures = compare_groups(run.crossings, groups, args.reference, args.draws, args.seed)
    page = write_report(run, args.output or args.run / "report", groups, figures)
    if args.results:
        from av_screening.evaluation.eye_scores import word

        metrics = {name: value for f in figures for name, value in f.metrics().items()}
        metrics |= {f"n_eyes_{word(g)}": float(n) for g, n in Counter(groups.values()).items()}
        ci95 = {n: e for f in figures for n, e in f.ci95.items() if n in metrics}
        data = {"eyes": args.eyes.name, "reference": args.reference, "photographs": sorted(groups)}
        write_results(args.results, metrics=metrics, ci95=ci95, seeds=[args.seed], data=data)
        print(f"written: {args.results}")
    print(f"written: {page}")


if __name__ == "__main__":
    sys.exit(main())
