#!/usr/bin/env python3
"""Draw the standard pictures of the grades that review pages show, into av_screening/templates.

    python tools/draw_standards.py

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys

from av_screening.write.standards import GRADES_SHOWN, draw_standard, path_of


def main(argv: list[str] | None = None) -> int:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(argv)
    for grade in GRADES_SHOWN:
        path_of(grade).write_bytes(draw_standard(grade))
    return 0


if __name__ == "__main__":
    sys.exit(main())
