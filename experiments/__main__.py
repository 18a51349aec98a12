"""Run experiments: what is finished is not repeated, what was interrupted goes on.

    python -m experiments --list                          # every rule, and what it makes
    python -m experiments --dry-run grader                # what would be run
    python -m experiments --jobs 2 grader                 # two at a time, one thread each
    python -m experiments results/grader_90.json          # one file, and all that it needs
    python -m experiments --alone results/grader_90.json  # from the predictions kept in results/

Exit codes: 0 done, 1 a command failed or was interrupted, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from experiments.rules import ROOT, RuleError, read_rules
from experiments.runner import dry_run, run


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m experiments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("goals", nargs="*", help="experiments, rules (experiment:rule, * allowed) or files")
    add("--jobs", type=int, default=1, help="commands at a time; with two or more one thread each")
    add("--alone", action="store_true", help="not what the goals need: that is there")
    add("--tell", type=float, metavar="SECONDS", help="say after so many that a command is at work")
    add("--list", action="store_true", help="only list the rules")
    add("--dry-run", action="store_true", help="only print what would be run")
    add(
        "--file", type=Path, action="append", help="YAML of rules; those of experiments/ by default"
    )
    add("--state", type=Path, default=ROOT / "output/experiments.json", help="what was done")
    args = parser.parse_args(argv)
    if args.jobs < 1:
        parser.error(f"--jobs: expected at least 1, found {args.jobs}")
    if args.tell is not None and not args.tell > 0:
        parser.error(f"--tell: expected seconds above 0, found {args.tell:g}")
    if not args.goals and not args.list:
        parser.error("expected goals, such as weights or grader; --list shows all")
    try:
        rules = read_rules(args.file)
    except RuleError as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 2
    if args.list:
        for rule in rules:
            print(f"{rule.title}\t{' '.join(rule.outputs)}")
        return 0
    if args.dry_run:
        return dry_run(rules, args.goals, args.state)
    return run(rules, args.goals, args.state, args.jobs, alone=args.alone, tell=args.tell)


if __name__ == "__main__":
    sys.exit(main())
