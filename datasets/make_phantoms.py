#!/usr/bin/env python3
"""Write a data set of phantoms: synthetic fundus photographs with exact labels.

`--help` says how; `av-nicking phantoms` is the same.
"""

import sys

from av_screening.command_line.phantoms import main

if __name__ == "__main__":
    sys.exit(main())
