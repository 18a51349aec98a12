"""One command for everything: `av-nicking SUB-COMMAND ...`; `av-nicking --help` lists them.

Each sub-command is the `main` of one module, which is imported only when it is asked for.
"""

import argparse
import importlib
import os
import sys
import warnings
from typing import NamedTuple


class Command(NamedTuple):
    """A row of the table: `module` has a `main(argv) -> exit code`."""

    name: str
    module: str
    help: str


HERE = "av_screening.command_line"
EXCHANGE = "av_screening.exchange"
COMMANDS = (
    Command("screen", f"{HERE}.screen", "photographs in, grades, tables and pages out"),
    Command("grade", "av_grading.predict", "grade the patches of a manifest"),
    Command("caliber", "av_grading.caliber.__main__", "measure veins at the patches' crossings"),
    Command("attribute", "av_grading.attribute", "show where a grader looked"),
    Command("evaluate", "av_grading.evaluate", "compare graders on the same patches"),
    Command(
        "evaluate-in-use",
        "av_screening.evaluation.evaluate_in_use",
        "the whole pipeline on photographs with labels, nicking drawn into them",
    ),
    Command(
        "evaluate-readings",
        "av_screening.evaluation.evaluate_readings",
        "a run against two readings of real crossings, and between groups of eyes",
    ),
    Command("agree", "av_screening.review.agree", "how far two readers of a run agree"),
    Command("label", "av_screening.review.label", "one reader's review as labels to train on"),
    Command("report", "av_screening.report.__main__", "figures and a page of a whole run"),
    Command("eyes", "av_screening.eyes.__main__", "a run's grades by photograph, eye and person"),
    Command("export-coco", f"{EXCHANGE}.export_coco", "a run as one COCO file"),
    Command("export-parquet", f"{EXCHANGE}.export_parquet", "a run's tables as Parquet"),
    Command("export-sr", f"{EXCHANGE}.export_sr", "DICOM Structured Reports of a run"),
    Command("import-corrections", f"{EXCHANGE}.import_corrections", "corrected COCO as labels"),
    Command("train", "av_grading.command_line.train", "train one of the smaller networks, by name"),
    Command("train-detector", f"{HERE}.train_detector", "train or evaluate a crossing detector"),
    Command("train-grader", "av_grading.train", "train a grader by cross-validation"),
    Command("export-backbone", f"{HERE}.export_backbone", "a detector's backbone for a grader"),
    Command("prepare", f"{HERE}.prepare", "photographs with labels to COCO JSON"),
    Command("phantoms", f"{HERE}.phantoms", "draw photographs with exact labels"),
    Command("simulate", f"{HERE}.simulate", "patches of simulated nicking"),
    Command("info", f"{HERE}.info", "commands, networks with their weights, sets and columns"),
    Command("install-detectron2", f"{HERE}.install_detectron2", "what most of these need"),
)
MISSING = {
    "detectron2": "needs Detectron2: type `av-nicking install-detectron2`",
    "torch": "needs torch: type `pip install torch torchvision`",
    "torchvision": "needs torchvision: type `pip install torch torchvision`",
}
"""What pip does not install with this package, and what to type."""


def make_parser() -> argparse.ArgumentParser:
    width = max(len(c.name) for c in COMMANDS)
    parser = argparse.ArgumentParser(
        prog="av-nicking",
        description="Find artery-vein crossings in fundus photographs and grade nicking there.\n"
        "For research, not diagnosis.\n\nsub-commands:\n"
        + "\n".join(f"  {c.name:{width}}  {c.help}" for c in COMMANDS),
        epilog="`av-nicking SUB-COMMAND --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=[c.name for c in COMMANDS], metavar="SUB-COMMAND")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    return parser


def silence_libraries() -> None:
    """No warnings of libraries, here and in processes started from here, unless Python was asked
    for them (-W, PYTHONWARNINGS)."""
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # NNPACK's, on some processors
    if not sys.warnoptions:
        os.environ["PYTHONWARNINGS"] = "ignore"
        warnings.simplefilter("ignore")


def main(argv: list[str] | None = None) -> int:
    """Run a sub-command; its exit code: 0 done, 1 failed, 2 wrong usage."""
    args = make_parser().parse_args(argv)
    command = next(c for c in COMMANDS if c.name == args.command)
    silence_libraries()
    sys.argv = [f"av-nicking {command.name}", *args.arguments]  # what its usage is headed by
    try:
        code: int = importlib.import_module(command.module).main(args.arguments)
    except ModuleNotFoundError as error:
        needed = MISSING.get((error.name or "").partition(".")[0])
        if needed is None:
            raise
        print(f"av-nicking {command.name} {needed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # while it is imported
        print("interrupted", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
