#!/usr/bin/env python3
"""Write CrossPos (COCO JSON with boxes and masks of crossings) for folders of photographs.

`--help` says how; `av-nicking prepare` is the same.
"""

import sys

from av_screening.command_line.prepare import main

if __name__ == "__main__":
    sys.exit(main())
