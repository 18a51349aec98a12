"""Train on as few patches as the study had, over several draws.

    python -m av_grading.train_few --config configs/grading/cpu/two_stream.yaml --draws 10 \\
        --output output/few/two_stream data.manifest=output/nicking/manifest.csv

Each draw takes --counts patches of grades 0-3 from some photographs and tests on all patches of the
others. Writes draws.json: the scores of every draw, for `python -m av_grading.compare_draws`.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import json
import sys
from pathlib import Path

from av_grading.config import Config, ConfigError, load_config
from av_grading.data.manifest import read_manifest
from av_grading.data.patch_set import load_patches
from av_grading.few_patches import STUDY, learn_from_few
from av_grading.files import write_whole
from av_grading.metrics import grade_scores


def run(config: Config, args: argparse.Namespace) -> None:
    """Train every draw and write their scores."""
    if not config.data.manifest:
        raise ConfigError("data.manifest: expected a manifest of graded patches, found none")
    data = load_patches(read_manifest(Path(config.data.manifest), graded_only=True))
    unlabelled = None
    if config.semi.weight > 0 and config.data.unlabelled:
        unlabelled = load_patches(read_manifest(Path(config.data.unlabelled)))
    scores = []
    for draw in range(args.draws):
        result = learn_from_few(
            config,
            data,
            args.output / f"draw{draw}",
            draw,
            counts=args.counts,
            unlabelled=unlabelled,
            resume=args.resume,
        )
        y_true = data.grades[result.rows].double().numpy()
        scores.append({"draw": draw, **grade_scores(y_true, result.probabilities)})
        print(f"draw {draw}: QWK {scores[-1]['qwk']:.3f}", flush=True)
    content = {"counts": args.counts, "config": config.dump(), "scores": scores}
    write_whole(args.output / "draws.json", json.dumps(content, indent=1) + "\n")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--config", type=Path, help="YAML of settings; the defaults without it")
    add("--output", type=Path, required=True, help="folder to write")
    add("--draws", type=int, default=10)
    add("--counts", type=int, nargs=4, default=list(STUDY), help="patches of grades 0-3")
    add("--resume", action="store_true", help="go on from the output folder's checkpoints")
    add("settings", nargs="*", metavar="section.key=value")
    args = parser.parse_args(argv)
    try:
        config = load_config(args.config, args.settings)
    except ConfigError as error:
        parser.error(str(error))
    try:
        run(config, args)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command with --resume continues", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
