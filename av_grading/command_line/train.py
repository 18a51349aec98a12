"""Train a network by its name: the close-up map, the reading head, the vein strip, a grader.

    av-nicking train close_up_map --config close_up_map.yaml --output output/close_up_map \\
        data.train=output/close_ups/train data.val=output/close_ups/val

Settings follow as section.key=value. Writes the weights, config.yaml with all settings and, where
it goes by steps, history.json and a checkpoint, from which --resume goes on. Without --config it
takes the settings of the shipped network. `av-nicking train-grader` has more options for graders.
Exit codes: 0 done, 1 a file cannot be read or written, or interrupted, 2 wrong usage.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from av_grading.command_line import exit_code, make_parser
from av_grading.config import ConfigError
from av_grading.models.registry import TRAININGS


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("name", choices=list(TRAININGS), help="what is trained")
    add("--config", type=Path, help="YAML of settings, by path or name in configs/grading")
    add("--output", type=Path, required=True, help="folder to write")
    add("--resume", action="store_true", help="go on from the output folder's checkpoint")
    add("settings", nargs="*", metavar="section.key=value")
    # Settings may stand on either side of the options.
    args = parser.parse_intermixed_args(argv)
    return run(parser, args)


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Load the config, train, and return the exit code; a config that is wrong exits with 2."""
    from av_grading.formats.config_file import load_config

    training = TRAININGS[args.name]
    module = import_module(training.module)
    try:
        path = args.config or Path(training.config)
        config = load_config(path, args.settings, module.CONFIG)
    except ConfigError as error:
        parser.error(str(error))
    interrupted = "interrupted; the same command with --resume continues"
    return exit_code(lambda: module.train(config, args.output, resume=args.resume), interrupted)


if __name__ == "__main__":
    sys.exit(main())
