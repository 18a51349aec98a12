#!/usr/bin/env python3
"""Export the backbone of a Detectron2 checkpoint as safetensors under timm's names.

`--help` says how; `av-nicking export-backbone` is the same.
"""

import sys

from av_screening.command_line.export_backbone import main

if __name__ == "__main__":
    sys.exit(main())
