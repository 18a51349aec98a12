#!/usr/bin/env python3
"""Screen a folder of photographs: graded crossings, tables and review pages.

`--help` says how; `av-nicking screen` is the same.
"""

import sys

from av_screening.command_line.screen import main

if __name__ == "__main__":
    sys.exit(main())
