"""Export the backbone of a Detectron2 checkpoint as safetensors under timm's names.

    python tools/export_backbone.py --config-file cpu/safpn_mask_rcnn.yaml \\
        --weights output/model_best.pth --output backbone.safetensors [KEY VALUE ...]

    python tools/export_backbone.py --output backbone.safetensors \\
        --config-file av_detectron/weights/crossing_av_r18.safetensors

The config is the one the checkpoint was trained with: a path, or a name inside configs/. A file of
tools/release_weights.py holds both.
Exit codes: 0 written, 1 could not be exported, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config-file", required=True, help="path, or name inside configs/")
    parser.add_argument("--weights", type=Path, help="checkpoint (.pth); the config's by default")
    parser.add_argument("--output", required=True, type=Path, help="file to write (.safetensors)")
    parser.add_argument("opts", nargs=argparse.REMAINDER, help="config overrides, KEY VALUE ...")
    args = parser.parse_args(argv)
    if len(args.opts) % 2:
        parser.error("config overrides are pairs of KEY and VALUE")
    return args


def report(path: Path, metadata: dict[str, str]) -> None:
    """Print what was written."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        count = len(file.keys())
    print(f"{path}: {count} tensors, {path.stat().st_size / 2**20:.1f} MiB")
    for key, value in metadata.items():
        print(f"  {key}: {value}")


def main(argv: list[str] | None = None) -> int:
    args = parse_arguments(argv)
    from av_detectron.checkpoint.export_timm import export_backbone
    from av_detectron.checkpoint.release import detector_config
    from av_detectron.config import find_config

    try:
        cfg = detector_config(find_config(args.config_file), args.opts)
        if not (args.weights or cfg.MODEL.WEIGHTS):
            raise ValueError(f"--weights: expected a checkpoint, {args.config_file} names none")
        metadata = export_backbone(cfg, args.weights or Path(cfg.MODEL.WEIGHTS), args.output)
        report(args.output, metadata)
    except (OSError, ValueError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
