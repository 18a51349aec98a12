"""What the command lines share: arguments, how they end, and named files."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # entry points answer --help before anything large is imported
    from av_grading.config import Config
    from av_grading.data.patch_set import PatchSet
    from av_grading.formats.manifest import GradedPatch

Loaded = TypeVar("Loaded")


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
    run: Callable[[Loaded, argparse.Namespace], None],
    load: Callable[[Path | None, list[str]], Loaded],
    parser: argparse.ArgumentParser,
    argv: list[str] | None,
) -> int:
    """Parse, load the config, train, and return the exit code; a config that is wrong exits with 2.

    Args:
        run: trains with what was loaded and the arguments.
        load: from the config file, None without one, and overrides; raises ConfigError.
        parser: of `training_parser`.
        argv: the command line.
    """
    from av_grading.config import ConfigError

    args = parser.parse_args(argv)
    try:
        config = load(args.config, args.settings)
    except ConfigError as error:
        parser.error(str(error))
    interrupted = "interrupted; the same command with --resume continues"
    return exit_code(lambda: run(config, args), interrupted)


def exit_code(work: Callable[[], int | None], interrupted: str = "") -> int:
    """Do the work of a command: its own exit code, 0 for None, or 1 with the reason on stderr.

    Args:
        work: to be done; what it raises of OSError and ValueError is for the user.
        interrupted: what Ctrl-C is answered with; without it Ctrl-C goes through.
    """
    try:
        return work() or 0
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        if not interrupted:
            raise
        print(interrupted, file=sys.stderr)
    return 1


def manifest_of(config: "Config") -> Path:
    """The manifest that the settings name.

    Raises:
        ConfigError: they name none.
    """
    from av_grading.config import required

    return required(config.data.manifest, "data.manifest", "a manifest of graded patches")


def extra_of(config: "Config") -> "list[GradedPatch]":
    """Graded patches to learn from alone, none where the settings have none.

    Raises:
        ManifestError: they cannot be read.
    """
    from av_grading.formats.manifest import read_manifest

    return read_manifest(Path(config.data.extra), graded_only=True) if config.data.extra else []


def unlabelled_of(config: "Config") -> "PatchSet | None":
    """Patches of the semi-supervised step, None where the settings have none.

    Raises:
        ManifestError, InputFileError: they cannot be read.
    """
    from av_grading.data.patch_set import load_patches
    from av_grading.formats.manifest import read_manifest

    if config.semi.weight <= 0 or not config.data.unlabelled:
        return None
    return load_patches(read_manifest(Path(config.data.unlabelled)))


def named_paths(parser: argparse.ArgumentParser, texts: list[str]) -> dict[str, Path]:
    """`name=path` words as a dict; anything else is wrong usage."""
    pairs = [text.partition("=") for text in texts]
    if not all(name and sign and path for name, sign, path in pairs):
        parser.error(f"expected name=path, found {' '.join(texts)}")
    return {name: Path(path) for name, _, path in pairs}
