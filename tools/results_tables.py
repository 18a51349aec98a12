#!/usr/bin/env python3
"""Write the tables of docs/RESULTS.md and README's headline from results/*.json.

    python tools/results_tables.py            # write
    python tools/results_tables.py --check    # only say whether they are up to date

Exit codes: 0 done, 1 a page is not up to date or a results file is missing, 2 wrong usage.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from tables import TABLES
from tables.in_use import EARLIER, PENDING, headline_table

from av_detectron.formats.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "docs/RESULTS.md")


def make_table(name: str, results: Path) -> str:
    """A table from its results file, or the words for one that is still to be measured.

    Raises:
        ValueError: an unknown table, or a results file that should be there.
    """
    if name == "headline":
        return headline_table(results)
    source = results / f"{name}.json"
    if name in PENDING and not source.is_file():
        return PENDING[name]
    if name not in TABLES or not source.is_file():
        raise ValueError(f"<!-- table {name} --> needs {source} and a table {name}")
    content = json.loads(source.read_text())
    earlier = results / EARLIER / f"{name}.json"
    if earlier.is_file():
        content["earlier"] = json.loads(earlier.read_text())
    alone = results / "grader_in_use.json"
    if name == "in_use_fundus_avseg" and alone.is_file():
        content["alone"] = json.loads(alone.read_text())
    return TABLES[name](content)


def fill(page: str, results: Path) -> str:
    """A page with every table that it has markers for made anew.

    Raises:
        ValueError: markers without a results file or of an unknown table, or unpaired ones.
    """
    for name in re.findall(r"<!-- table (\w+) -->", page):
        begin, end = f"<!-- table {name} -->", f"<!-- end {name} -->"
        before, rest = page.split(begin, 1)
        if end not in rest:
            raise ValueError(f"{begin} needs {end} after it")
        page = f"{before}{begin}\n{make_table(name, results)}\n{end}{rest.split(end, 1)[1]}"
    return page


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the pages' tables from results/*.json.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args(argv)
    behind = 0
    for path in (ROOT / page for page in PAGES):
        page = path.read_text(encoding="utf-8")
        try:
            filled = fill(page, ROOT / "results")
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        if filled != page and args.check:
            print(f"{path}: tables differ from results/; run `make tables`", file=sys.stderr)
            behind = 1
        elif filled != page:
            write_whole(path, filled)
    return behind


if __name__ == "__main__":
    sys.exit(main())
