"""Train on as few patches as the study had, over several draws.

    python -m av_grading.command_line.train_few_shot --draws 10 \\
        --config configs/grading/cpu/two_stream.yaml --output output/few/two_stream \\
        data.manifest=output/nicking/manifest.csv

Each draw takes --counts patches of grades 0-3 from some photographs and tests on all patches of the
others. Writes draws.json: the scores of every draw, for `compare_few_shot`.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import json
import sys

from av_grading.command_line import manifest_of, run_training, training_parser, unlabelled_of
from av_grading.command_line.defaults import STUDY
from av_grading.config import Config, ConfigError
from av_grading.formats.config_file import load_config


def run(config: Config, args: argparse.Namespace) -> None:
    """Train every draw and write their scores.

    Raises:
        ConfigError: extra patches are named: a draw would no longer be few.
    """
    from av_grading.data.patch_set import load_patches
    from av_grading.evaluation.metrics import grade_scores
    from av_grading.formats.files import write_whole
    from av_grading.formats.manifest import read_manifest
    from av_grading.training.few_shot.draws import learn_from_few

    if config.data.extra:
        raise ConfigError(f"data.extra: expected none for few patches, found {config.data.extra}")
    data = load_patches(read_manifest(manifest_of(config), graded_only=True))
    unlabelled = unlabelled_of(config)
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
    parser = training_parser(__doc__)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument(
        "--counts", type=int, nargs=4, default=list(STUDY), help="patches of grades 0-3"
    )
    return run_training(run, load_config, parser, argv)


if __name__ == "__main__":
    sys.exit(main())
