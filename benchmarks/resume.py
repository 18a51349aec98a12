"""How long a run takes to find that all of its photographs are done.

    python -m benchmarks.resume photograph.tif --photographs 2000 --output output/resume.json

One photograph is screened; it and its outputs are repeated under other names until there are
enough; then the screening command with --resume is timed, from its start to tables and index, files
read and hashed. Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from av_detectron.evaluation.reporting import run_report
from av_grading.formats.results import write_results
from av_screening.write.folder_names import PHOTOGRAPHS
from av_screening.write.whole_folder import RECORD
from benchmarks.screening import run_screening


def repeat(photographs: Path, output: Path, count: int) -> None:
    """Repeat the one photograph of a run, and its outputs, until there are so many."""
    (first,) = photographs.iterdir()
    done = output / PHOTOGRAPHS / first.name
    record = json.loads((done / RECORD).read_text("utf-8"))
    table = (done / "crossings.csv").read_text("utf-8")
    for number in range(1, count):
        name = f"eye_{number:05}{first.suffix}"
        shutil.copy(first, photographs / name)
        folder = output / PHOTOGRAPHS / name
        shutil.copytree(done, folder)
        summary = record["summary"] | {"photograph": name, "folder": f"{PHOTOGRAPHS}/{name}"}
        (folder / RECORD).write_text(json.dumps(record | {"summary": summary}, indent=1) + "\n")
        (folder / "crossings.csv").write_text(table.replace(first.name, name))


def report(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        photographs, output = Path(folder) / "photographs", Path(folder) / "out"
        photographs.mkdir()
        shutil.copy(args.photograph, photographs / f"eye_00000{args.photograph.suffix}")
        first = run_screening(photographs, output, ["--resume"])
        repeat(photographs, output, args.photographs)
        second = run_screening(photographs, output, ["--resume"])
        done = f"{args.photographs} photographs screened ({args.photographs} earlier)"
        if done not in second.said:
            raise ValueError(f"expected {done}, found {second.said}")
        size = sum(path.stat().st_size for path in photographs.iterdir())
    metrics = {"resume_seconds": second.whole, "first_run_seconds": first.whole}
    metrics["read_mb"] = size / 1e6
    data = {"photograph": args.photograph.name, "photographs": args.photographs}
    write_results(args.output, metrics=metrics, ci95={}, seeds=[], data=data)
    print({name: round(value, 2) for name, value in metrics.items()})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photograph", type=Path, help="file to repeat")
    add("--photographs", type=int, default=2000, help="how many to have")
    add("--output", type=Path, required=True, help="results file to write")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
