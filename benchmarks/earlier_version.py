"""Seconds a photograph of the screening command, of this version and of an earlier one.

    python -m benchmarks.earlier_version drive/ hrf/ --count 1 --before 9b07da8 --output e.json

`tools/screen.py` as each version ships it, one process of one thread, files to review pages, both
in turn. A photograph's time is that between its folder and the one before it, so that what a run
does first (imports, models) counts for the first photograph alone and is left out of the ratio;
the best of several rounds. Intervals resample the photographs.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_detectron.evaluation.reporting import run_report
from av_grading.formats.results import write_results
from av_screening.settings import PRECISIONS, best_precision
from benchmarks.screening import gather, run_screening
from benchmarks.time_ratio import time_ratio

ROOT = Path(__file__).resolve().parent.parent


def check_out(commit: str, folder: Path) -> None:
    """Put the files of a commit of this repository into a folder.

    Raises:
        ValueError: there is no such commit; says what git says.
    """
    git = ["git", "-C", str(ROOT), "archive", "--format=tar", commit]
    archive = subprocess.run(git, capture_output=True, check=False)
    if archive.returncode:
        said = archive.stderr.decode(errors="replace").strip()
        raise ValueError(f"--before: expected a commit of this repository, found {commit} ({said})")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)


def version_of(folder: Path) -> str:
    """What the `setup.py` of checked out files says.

    Raises:
        ValueError: it says none.
    """
    found = re.search(r'^\s*version="([^"]+)"', (folder / "setup.py").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f'{folder}/setup.py: expected version="…", found none')
    return found[1]


def seconds(version: Path, photographs: Path, output: Path, precision: str) -> NDArray[np.float64]:
    """Screen a folder with a version's command; seconds until each result since the one before.

    Returns:
        of the first photograph since the command's start, then of each of the others.

    Raises:
        ValueError: the command failed.
    """
    options = ["--workers", "1", "--threads", "1", "--precision", precision]
    program = ("tools/screen.py",)
    run = run_screening(photographs, output, options, program=program, checkout=version)
    return np.diff([0.0, *run.results])


def report(args: argparse.Namespace) -> None:
    times: dict[str, NDArray[np.float64]] = {}
    precision = best_precision("cpu") if args.precision == "auto" else args.precision
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        before.mkdir()
        check_out(args.before, before)
        number = version_of(before)
        photographs = Path(folder) / "photographs"
        names = sorted(p.name for p in gather(args.photographs, args.count, photographs))
        for turn in range(args.rounds):
            for name, version in (("before", before), ("now", ROOT)):
                print(f"round {turn + 1} of {args.rounds}: {name}", flush=True)
                output = Path(folder) / f"{name}_{turn}"
                taken = seconds(version, photographs, output, precision)
                times[name] = np.minimum(times.get(name, taken), taken)
    if len(times["now"]) != len(times["before"]) or len(times["now"]) < 2:
        raise ValueError("expected two photographs that both can screen")
    each = {name: values[1:] for name, values in times.items()}
    metrics, ci95 = time_ratio("photograph_over_before", each, ("now", "before"), args.seed)
    metrics |= {f"{name}_first_result_seconds": float(times[name][0]) for name in times}
    data = {
        "photographs": names,
        "before": args.before,
        "version": number,
        "precision": precision,
    }
    write_results(args.output, metrics=metrics, ci95=ci95, seeds=[args.seed], data=data)
    print({name: round(value, 3) for name, value in metrics.items()})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, nargs="+", help="folders")
    add("--count", type=int, default=100, help="photographs of a folder at most")
    add("--before", required=True, help="commit of this repository")
    add("--output", type=Path, required=True, help="results file to write")
    add("--rounds", type=int, default=2, help="times that each version screens the folder")
    add("--precision", choices=("auto", *PRECISIONS), default="auto", help="of both versions")
    add("--seed", type=int, default=0, help="of the resampling")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
