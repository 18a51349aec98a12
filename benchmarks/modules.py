"""Count the project's modules that one photograph passes on its way from file to table.

    python -m benchmarks.modules photograph.png --output results/modules.json

A module counts where a function of it runs while the photograph is screened with the shipped
weights; what is loaded once (weights, configs) counts too. Between the detector's centres and the
decision, those count that run from the second look's begin to the last grade.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import shutil
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from av_detectron.evaluation.reporting import run_report
from av_grading.formats.results import write_results
from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from av_screening.steps.pipeline import Pipeline

PACKAGES = ("av_detectron", "av_grading", "av_screening")
_AFTER = {"pass": "decision", "look": "decision"}
"""What comes after a stage of the pipeline has ended, as far as it counts by itself."""


class Counter:
    """Names of modules whose functions ran, by part of the way: "decision" and "elsewhere"."""

    def __init__(self) -> None:
        self.ran: dict[str, set[str]] = {"decision": set(), "elsewhere": set()}
        self.part = "elsewhere"

    def ended(self, stage: str) -> None:
        """A stage of the pipeline has ended."""
        self.part = _AFTER.get(stage, "elsewhere")

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            name = str(frame.f_globals.get("__name__", ""))
            if name.startswith(PACKAGES):
                self.ran[self.part].add(name)


def count(photograph: Path) -> dict[str, list[str]]:
    """Modules that run for a photograph: `all`, and those of the `decision`."""
    counter, see = Counter(), Pipeline.see

    def watched(
        pipeline: Pipeline, photographs: Any, fovs: Any, mark: Any = lambda stage: None
    ) -> Any:
        def both(stage: str) -> None:
            mark(stage)
            counter.ended(stage)

        return see(pipeline, photographs, fovs, both)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photographs"
        folder.mkdir()
        shutil.copyfile(photograph, folder / photograph.name)
        Pipeline.see = watched  # type: ignore[assignment,method-assign]
        threading.setprofile(counter)
        sys.setprofile(counter)
        try:
            screen_folder(folder, Path(name) / "run", Settings())
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
            Pipeline.see = see  # type: ignore[method-assign]
    return {
        "all": sorted(set().union(*counter.ran.values())),
        "decision": sorted(counter.ran["decision"]),
    }


def report(args: argparse.Namespace) -> None:
    found = count(args.photograph)
    metrics = {f"{part}_count": float(len(names)) for part, names in found.items()}
    for part, names in found.items():
        print(f"{part}: {len(names)}", *(f"  {name}" for name in names), sep="\n")
    data = {"photograph": args.photograph.name}
    write_results(args.output, metrics=metrics, seeds=[], data=data, modules=found)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photograph", type=Path)
    parser.add_argument("--output", type=Path, required=True, help="results file to write")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
