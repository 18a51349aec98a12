#!/usr/bin/env python3
"""Release a trained detector: one file of half precision, which `Predictor` loads.

    python tools/release_weights.py --detector output/cpu_safpn_av/best.yaml \\
        --output av_detectron/weights/crossing_av_r18.safetensors

Exit codes: 0 written, 1 could not be written, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from detectron2.config import CfgNode

from av_detectron.checkpoint.release import release_detector
from av_detectron.config import load_config

SCORES = "config of tools/tune_rescoring.py, where training left no photographs to choose by"


def take_scores(cfg: CfgNode, path: Path) -> None:
    """Take the score threshold and the rescoring weight of another config.

    Raises:
        ValueError: no threshold was chosen in it; names the file.
    """
    chosen = load_config(path, []).TEST.CROSSPOS
    if chosen.SCORE_THRESHOLD < 0:
        raise ValueError(f"{path}: TEST.CROSSPOS.SCORE_THRESHOLD was not chosen yet")
    cfg.TEST.CROSSPOS.SCORE_THRESHOLD = chosen.SCORE_THRESHOLD
    cfg.TEST.CROSSPOS.RESCORING_WEIGHT = chosen.RESCORING_WEIGHT


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detector", type=Path, required=True, help="best.yaml of a training")
    parser.add_argument("--output", type=Path, required=True, help="file to write (.safetensors)")
    parser.add_argument("--scores", type=Path, help=SCORES)
    args = parser.parse_args(argv)
    try:
        cfg = load_config(args.detector, [])
        if args.scores is not None:
            take_scores(cfg, args.scores)
        metadata = release_detector(cfg, Path(cfg.MODEL.WEIGHTS), args.output)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    size = args.output.stat().st_size / 2**20
    print(f"written: {args.output}, {size:.1f} MiB, from {metadata['source']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
