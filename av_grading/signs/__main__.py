"""List the signs and their columns, as docs/FORMATS.md has them.

python -m av_grading.signs
"""

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av_grading.signs.sign import Sign

UNIT_WORDS = {"drive_px": ", DRIVE px", "degrees": ", degrees"}


def format_rows(sign: "Sign") -> list[str]:
    """Rows of a Markdown table: name, type and unit, meaning of each column."""
    kinds = {column.name: column.kind for column in sign.columns}
    units = sign.units()
    return [
        f"| `{name}` | {kinds.get(name, 'number')}{UNIT_WORDS.get(units[name], '')} | {meaning} |"
        for name, meaning in sign.meanings().items()
    ]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(argv)
    from av_grading.signs.registry import signs

    for sign in signs():
        print(f"{sign.title} ({sign.name})")
        print("\n".join(format_rows(sign)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
