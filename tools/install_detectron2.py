#!/usr/bin/env python3
"""Install Detectron2 into the running environment, where no current release can be had by name.

`--help` says how; `av-nicking install-detectron2` is the same.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # may run before this is installed

from av_screening.command_line.install_detectron2 import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
