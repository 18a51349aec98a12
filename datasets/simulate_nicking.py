#!/usr/bin/env python3
"""Simulate nicking on real crossings: patches with exact grades and width ratios.

`--help` says how; `av-nicking simulate` is the same.
"""

import sys

from av_screening.command_line.simulate import main

if __name__ == "__main__":
    sys.exit(main())
