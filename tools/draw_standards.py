#!/usr/bin/env python3
"""Draw the standard pictures of grades and signs that review pages show, to av_screening/templates.

    python tools/draw_standards.py

Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys

from av_screening.write.standards import (
    GRADES_SHOWN,
    SIGNS_SHOWN,
    draw_standard,
    path_of,
    path_of_sign,
)


def main(argv: list[str] | None = None) -> int:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(argv)
    for grade in GRADES_SHOWN:
        path_of(grade).write_bytes(draw_standard(grade))
    for sign in SIGNS_SHOWN:
        path_of_sign(sign).write_bytes(draw_standard(sign))
    return 0


if __name__ == "__main__":
    sys.exit(main())
