#!/usr/bin/env python3
"""Screen a folder of photographs: graded crossings, tables and review pages.

`--help` says how; `av-nicking screen` is the same.
"""

import sys

from av_screening.command_line.main import main as av_nicking


def main(argv: list[str] | None = None) -> int:
    return av_nicking(["screen", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    sys.exit(main())
