"""Write a run's crossings as one COCO file.

    av-nicking export-coco out --output crossings.json

Boxes, masks, scores, and grades as attributes; CVAT, Datumaro and FiftyOne read it.
`av-nicking import-corrections` takes it back when it was changed there.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import json
import sys
from pathlib import Path

from av_grading.command_line import exit_code


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("run", type=Path, help="folder of a run")
    add("--output", type=Path, required=True, help="JSON file to write")
    add("--masks", choices=("rle", "polygons"), default="rle", help="polygons can be edited")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = make_parser().parse_args(argv)
    return exit_code(lambda: export_coco(args.run, args.output, args.masks))


def export_coco(run: Path, output: Path, masks: str) -> None:
    """Write a run's COCO file and say what is in it."""
    from av_grading.formats.files import write_whole
    from av_screening.exchange.run_coco import run_coco
    from av_screening.run.finished_run import FinishedRun

    coco = run_coco(FinishedRun.read(run), masks)
    write_whole(output, json.dumps(coco) + "\n")
    print(f"{output}: {len(coco['images'])} photographs, {len(coco['annotations'])} crossings")


if __name__ == "__main__":
    sys.exit(main())
