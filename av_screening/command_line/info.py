"""List what there is: commands, networks with their weights, sets, columns, pages' languages.

    av-nicking info
    av-nicking info models

It reads the tables that the commands themselves read, and imports no torch.
Exit codes: 0 done, 1 a file of weights is missing, 2 wrong usage.
"""

import argparse
import hashlib
import runpy
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

PREFIX = 12
"""Digits of a file's SHA-256 that are shown."""


def commands() -> list[str]:
    """A line for each sub-command."""
    from av_screening.command_line.main import COMMANDS

    return _aligned((c.name, c.help) for c in COMMANDS)


def models() -> list[str]:
    """Lines for each network: what it takes and gives, how it is trained, its shipped weights.

    Raises:
        OSError: weights that should be shipped cannot be read.
    """
    from av_grading.models.registry import ARCHITECTURES, TRAININGS
    from av_screening.command_line.defaults import DEFAULT_WEIGHTS

    lines = ["detector", "  takes    photograph", "  gives    crossings, masks, artery/vein map"]
    lines += ["  training av-nicking train-detector", *_weights([DEFAULT_WEIGHTS])]
    for a in ARCHITECTURES.values():
        lines += [a.name, f"  takes    {a.takes}", f"  gives    {a.gives}"]
        lines += [f"  training av-nicking train {a.training.name} --config {a.training.config}"]
        lines += _weights(a.weights)
    named = {a.training.name for a in ARCHITECTURES.values()}
    for t in (t for t in TRAININGS.values() if t.name not in named):
        lines += [t.name, "  a network of those above, trained on readings"]
        lines += [f"  training av-nicking train {t.name} --config {t.config}"]
    return lines


def sets() -> list[str]:
    """A line for each set of photographs that is known by name."""
    from av_screening.command_line.defaults import DETECTOR_PACKAGE

    # Importing the package of this file imports Detectron2; the file itself needs nothing.
    table = runpy.run_path(str(DETECTOR_PACKAGE / "data" / "photograph_sets.py"))
    return _aligned((s.name, s.source) for s in table["PHOTOGRAPH_SETS"])


def columns() -> list[str]:
    """Tables of a run and their columns, each with its meaning."""
    from av_screening.write.columns import FAILURES, crossings_columns, summary_columns

    tables: Mapping[str, Mapping[str, str]] = {
        "crossings.csv": crossings_columns(),
        "summary.csv": summary_columns(),
        "failures.csv": FAILURES,
    }
    lines = []
    for name, meanings in tables.items():
        lines += [name, *(f"  {line}" for line in _aligned(meanings.items()))]
    return lines


def languages() -> list[str]:
    """A line for each language that review pages can have."""
    from av_grading.languages.catalogue import catalogue
    from av_grading.languages.catalogue import languages as codes

    return _aligned((code, catalogue(code).name) for code in codes())


LISTS: dict[str, Callable[[], list[str]]] = {
    "commands": commands,
    "models": models,
    "sets": sets,
    "columns": columns,
    "languages": languages,
}


def _weights(paths: Iterable[Path]) -> list[str]:
    found = []
    for path in paths:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:PREFIX]
        found.append(f"  weights  {path.name}, {len(content) / 1e6:.1f} MB, sha256 {digest}")
    return found or ["  weights  none shipped"]


def _aligned(rows: Iterable[tuple[str, str]]) -> list[str]:
    given = list(rows)
    width = max(len(name) for name, _ in given)
    return [f"{name:{width}}  {text}" for name, text in given]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("list", nargs="?", choices=list(LISTS), help="one of them alone")
    args = parser.parse_args(argv)
    chosen = [args.list] if args.list else list(LISTS)
    try:
        parts = ["\n".join([f"{name}:", *(f"  {x}" for x in LISTS[name]())]) for name in chosen]
    except OSError as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    print("\n\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
