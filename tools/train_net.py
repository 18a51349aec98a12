#!/usr/bin/env python3
"""Train or evaluate a crossing detector, with the flags of Detectron2's own train_net.py.

`--help` says how; `av-nicking train-detector` is the same.
"""

import sys

from av_screening.command_line.train_detector import main

if __name__ == "__main__":
    sys.exit(main())
