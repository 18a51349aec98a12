"""Screen a folder of photographs: graded crossings, tables and review pages.

    av-nicking screen photographs/ --output out
    av-nicking screen photographs/ --output out --graders graders/*.safetensors

Reads PNG, JPEG, TIFF, GIF, BMP, of 8 or 16 bits, and DICOM. Writes out/index.html, summary.csv (a
row per photograph), crossings.csv, failures.csv, columns.csv (what their columns mean), run.json,
and for each photograph a folder with review.html, overlay.jpg, crossings.csv and crossings.json
(COCO). With --graders and no file after it crossings stay ungraded. For research, not diagnosis.
Exit codes: 0 done, 1 some photographs were not screened or the run failed, 2 wrong usage.
"""

import argparse
import os
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from av_grading.command_line.defaults import GRADER_N_VIEWS, VIEWS
from av_grading.languages.catalogue import ENGLISH, languages
from av_grading.models.registry import DEFAULT_CLOSE_UP, DEFAULT_GRADERS, DEFAULT_SIGN_STRIP
from av_screening.command_line.defaults import (
    DEFAULT_WEIGHTS,
    MAP_N_VIEWS,
    MIN_FOV,
    N_VIEWS,
)
from av_screening.read.limits import QualityLimits, ReadingLimits

if TYPE_CHECKING:
    from av_screening.run.folder import Runner
    from av_screening.settings import Settings

GRADERS = "of av_grading.train, which then grade alone; several: mean; none: no grades"
SIGN_STRIP_HELP = "of `train sign_strip`: what is left to see of veins, beside the grade"
STRIP_HELP = "of `train reading_strip`: reads the straightened vein, beside shipped graders"
CLOSE_UP_HELP = "of `av-nicking train reading_head`: the second look at each crossing"
MAP_HELP = "mirror images that the map is the mean of; 4 as in av_detectron.Predictor"
GRADES_HELP = "flips of a patch that its grade is the mean of"

SHARD_HELP = "screen the Ith of N parts, beside the others; then once --resume without it"
PRECISION_HELP = "by default that in which the run began, else what the processor is fast in"
BATCH = 8
"""Photographs at once on a GPU, unless the user says otherwise."""
BATCH_HELP = f"photographs at once: {BATCH} by default on CUDA, 1 on the CPU; changes last digits"
TIME_LIMIT = 600.0
"""What a photograph may take with several workers, unless the user says otherwise (seconds)."""
TIME_HELP = f"a photograph may take; {TIME_LIMIT:g} by default, with one worker any time"

RENAMED = {
    "--views": "--grader-n-views",
    "--map-views": "--map-n-views",
    "--no-caliber": "the default; --caliber fits widths",
}
"""Flags of earlier versions, each with its name now."""


class Renamed(argparse.Action):
    """Refuses a flag with its new name."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        parser.error(f"{self.option_strings[0]} is now {self.const}")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, help="folder, with the folders in it")
    add("--output", type=Path, required=True, help="folder to write")
    add("--weights", type=Path, default=DEFAULT_WEIGHTS, help="of tools/release_weights.py")
    add("--graders", type=Path, nargs="*", default=list(DEFAULT_GRADERS), help=GRADERS)
    add("--close-up", type=Path, default=DEFAULT_CLOSE_UP, help=CLOSE_UP_HELP)
    add("--sign-strip", type=Path, default=DEFAULT_SIGN_STRIP, help=SIGN_STRIP_HELP)
    add("--no-sign-strip", action="store_true", help="measure that along the vein, less well")
    add("--strip", type=Path, help=STRIP_HELP)
    add("--no-strip", action="store_true", help="grade without it")
    add("--no-close-up", action="store_true", help="grade all crossings on the detector's map")
    add("--grader-n-views", type=int, choices=VIEWS, default=GRADER_N_VIEWS, help=GRADES_HELP)
    add("--map-n-views", type=int, choices=N_VIEWS, default=MAP_N_VIEWS, help=MAP_HELP)
    for name, new in RENAMED.items():
        add(name, action=Renamed, help=argparse.SUPPRESS, const=new, nargs="?")
    add("--threshold", type=float, help="least score of a crossing; by default the detector's")
    add("--resume", action="store_true", help="keep what is done in the output folder")
    add("--shard", metavar="I/N", help=SHARD_HELP)
    add("--time-limit", type=float, metavar="SECONDS", help=TIME_HELP)
    add("--workers", type=int, help="processes, one a core by default; on CUDA they read and write")
    add("--threads", type=int, default=1, help="of each process; changes last digits")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--batch", type=int, metavar="N", help=BATCH_HELP)
    add("--precision", choices=("auto", "float32", "bfloat16"), default="auto", help=PRECISION_HELP)
    add("--caliber", action="store_true", help="fit the veins' widths, which takes its time")
    add("--eyes", type=Path, help="CSV with photograph, person, eye: tables by eye and person")
    add("--explain", action="store_true", help="draw what raised the graders' grades (Captum)")
    add("--dicom-id", default="", metavar="KEYWORD", help="attribute to copy, such as PatientID")
    add("--language", choices=languages(), default=ENGLISH, help="of the pages")
    add("--max-megapixels", type=float, default=ReadingLimits.max_megapixels)
    add("--max-file-mb", type=float, default=ReadingLimits.max_file_mb)
    add("--min-fov", type=float, default=MIN_FOV, help="least diameter (px)")
    add("--ray", action="store_true", help="run on a Ray cluster, with shared folders")
    return parser


def check_usage(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Exit with 2 for what can be seen to be wrong before anything large is imported."""
    if not args.photographs.is_dir():
        parser.error(f"{args.photographs}: expected a folder of photographs, found none")
    if args.threshold is not None and not 0 <= args.threshold <= 1:
        parser.error(f"--threshold: expected a score of 0 to 1, found {args.threshold:g}")
    if args.time_limit is not None and not args.time_limit > 0:
        parser.error(f"--time-limit: expected seconds above 0, found {args.time_limit:g}")
    if args.ray and (args.shard or args.time_limit or args.batch):
        parser.error("--ray: expected neither --shard, --time-limit nor --batch beside it")
    for name in ("workers", "threads", "batch"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f"--{name}: expected at least 1, found {getattr(args, name)}")


def settings_of(args: argparse.Namespace, parser: argparse.ArgumentParser) -> "Settings":
    """The arguments as settings; exits with 2 for what this machine lacks."""
    from av_screening.read.dicom import check_keyword
    from av_screening.settings import WITH_SHIPPED, Settings, best_precision

    try:
        if args.dicom_id:
            check_keyword(args.dicom_id)
    except (ImportError, ValueError) as error:
        parser.error(f"--dicom-id: {error}")
    if args.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            parser.error("--device: expected a GPU for cuda, torch finds none")
    return Settings(
        detector=args.weights,
        graders=tuple(args.graders),
        grader_n_views=args.grader_n_views,
        map_n_views=args.map_n_views,
        close_up=None if args.no_close_up else args.close_up,
        sign_strip=None if args.no_sign_strip else args.sign_strip,
        strip=None if args.no_strip else args.strip or WITH_SHIPPED,
        threshold=args.threshold,
        precision=best_precision(args.device) if args.precision == "auto" else args.precision,
        device=args.device,
        threads=args.threads,
        caliber=args.caliber,
        explain=args.explain,
        identity=args.dicom_id,
        language=args.language,
        reading=ReadingLimits(args.max_megapixels, args.max_file_mb),
        quality=QualityLimits(min_fov=args.min_fov),
    )


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    check_usage(args, parser)
    try:
        return screen(args, parser)
    except KeyboardInterrupt:  # while libraries are imported too, which takes seconds
        print("interrupted; the same command with --resume continues", file=sys.stderr)
        return 1


def runner_of(args: argparse.Namespace, workers: int) -> "Runner | None":
    """What runs the tasks: Ray, or one process with the networks; None: each worker has them.

    Raises:
        ImportError: Ray is not installed.
    """
    if args.ray:
        from av_screening.run.ray_runner import ray_runner

        return ray_runner(workers)
    if args.device == "cuda" or (args.batch or 1) > 1:
        from av_screening.run.batches import batch_runner

        return batch_runner(args.batch or BATCH, workers, args.time_limit or TIME_LIMIT)
    return None


def default_workers(folder: Path, output: Path) -> int:
    """One process a core, and no more than there are photographs: another would start for nothing,
    and a single photograph is screened by this process."""
    from av_screening.read.find_photographs import find_photographs

    cores = os.cpu_count() or 1
    return max(1, sum(1 for _ in islice(find_photographs(folder, output), cores)))


def screen(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Screen a folder; the exit code."""
    from av_screening.errors import FileProblems
    from av_screening.run.folder import UsageError, screen_folder
    from av_screening.run.sharding import Shard

    try:
        shard = Shard.parse(args.shard) if args.shard else None
        if args.eyes is not None:
            from av_screening.eyes.eye_table import check_eyes

            check_eyes(args.eyes, args.photographs, args.output)
        settings = settings_of(args, parser)
    except FileProblems as error:  # before hours of work, not after them
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    except ValueError as error:  # its name is that of the flag
        parser.error(f"--{error}")
    workers = args.workers or default_workers(args.photographs, args.output)
    try:
        runner = runner_of(args, workers)
    except ImportError as error:
        parser.error(str(error))
    limit = args.time_limit or (TIME_LIMIT if workers > 1 else None)
    try:
        counts = screen_folder(
            args.photographs,
            args.output,
            settings,
            workers=workers,
            resume=args.resume,
            runner=runner,
            time_limit=limit,
            shard=shard,
            join_precision=args.precision == "auto",
        )
    except UsageError as error:
        parser.error(str(error))
    except (OSError, ValueError, ImportError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    failed = f", {len(counts.failures)} not: see failures.csv" if counts.failures else ""
    print(f"{counts.done} photographs screened ({counts.kept} earlier){failed}")
    if shard is not None:
        print("when all shards are done: the same command with --resume and without --shard")
        return 1 if counts.failures else 0
    if not settings.graders:
        print("crossings have no grades: --graders named none")
    print(f"written: {args.output / 'index.html'}")
    if args.eyes is not None:
        from av_screening.eyes.summaries import BY_EYE, summarise

        try:
            summarise(args.output, args.eyes, args.output / BY_EYE)
        except (OSError, FileProblems) as error:
            print(f"stopped: {error}", file=sys.stderr)
            return 1
    return 1 if counts.failures else 0


if __name__ == "__main__":
    sys.exit(main())
