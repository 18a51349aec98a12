"""What the command lines share: arguments, how they end, and named files."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from av_grading.config import Config, ConfigError, load_config
from av_grading.data.manifest import read_manifest
from av_grading.data.patch_set import PatchSet, load_patches


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Parser that shows a module's docstring as it is."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def training_parser(description: str | None) -> argparse.ArgumentParser:
    """Parser with the arguments of every training."""
    parser = make_parser(description)
    add = parser.add_argument
    add("--config", type=Path, help="YAML of settings; the defaults without it")
    add("--output", type=Path, required=True, help="folder to write")
    add("--resume", action="store_true", help="go on from the output folder's checkpoints")
    add("settings", nargs="*", metavar="section.key=value")
    return parser


def run_training(
    run: Callable[[Config, argparse.Namespace], None],
    parser: argparse.ArgumentParser,
    argv: list[str] | None,
) -> int:
    """Parse, train, and return the exit code: 0 done, 1 failed or interrupted; exits with 2."""
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


def manifest_of(config: Config) -> Path:
    """The manifest that the settings name.

    Raises:
        ConfigError: they name none.
    """
    if not config.data.manifest:
        raise ConfigError("data.manifest: expected a manifest of graded patches, found none")
    return Path(config.data.manifest)


def unlabelled_of(config: Config) -> PatchSet | None:
    """Patches of the semi-supervised step, None where the settings have none.

    Raises:
        ManifestError, InputFileError: they cannot be read.
    """
    if config.semi.weight <= 0 or not config.data.unlabelled:
        return None
    return load_patches(read_manifest(Path(config.data.unlabelled)))


def named_paths(parser: argparse.ArgumentParser, texts: list[str]) -> dict[str, Path]:
    """`name=path` words as a dict; anything else is wrong usage."""
    pairs = [text.partition("=") for text in texts]
    if not all(name and sign and path for name, sign, path in pairs):
        parser.error(f"expected name=path, found {' '.join(texts)}")
    return {name: Path(path) for name, _, path in pairs}
