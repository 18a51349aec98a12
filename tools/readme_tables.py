#!/usr/bin/env python3
"""Write README's tables from results/*.json, between their markers.

    python tools/readme_tables.py            # write
    python tools/readme_tables.py --check    # only say whether README is up to date

Exit codes: 0 done, 1 README is not up to date or a results file is missing, 2 wrong usage.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from tables import TABLES

from av_detectron.formats.files import write_whole

ROOT = Path(__file__).resolve().parent.parent


def fill(readme: str, results: Path) -> str:
    """README with every table that it has markers for made anew.

    Raises:
        ValueError: markers without a results file or of an unknown table, or unpaired ones.
    """
    for name in re.findall(r"<!-- table (\w+) -->", readme):
        source = results / f"{name}.json"
        begin, end = f"<!-- table {name} -->", f"<!-- end {name} -->"
        if name not in TABLES or not source.is_file() or end not in readme:
            raise ValueError(f"README.md: {begin} needs {source}, a table {name}, and {end}")
        make = TABLES[name]
        table = make(json.loads(source.read_text()))
        before, rest = readme.split(begin, 1)
        readme = f"{before}{begin}\n{table}\n{end}{rest.split(end, 1)[1]}"
    return readme


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write README's tables from results/*.json.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args(argv)
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    try:
        filled = fill(readme, ROOT / "results")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if args.check:
        if filled != readme:
            print("README.md: tables differ from results/; run `make tables`", file=sys.stderr)
        return int(filled != readme)
    write_whole(path, filled)
    return 0


if __name__ == "__main__":
    sys.exit(main())
