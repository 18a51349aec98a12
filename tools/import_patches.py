#!/usr/bin/env python3
"""Make a manifest of a graded set that you already have.

    python tools/import_patches.py cera --input nicking90 --output nicking90/manifest.csv
    python tools/import_patches.py mdtnet --input list.csv --maps maps --output manifest.csv

Rejected patches go to rejected.csv beside the manifest, never into it; the manifest is read once
more, so that a missing or unreadable patch is known at once.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.formats.files import write_whole
from av_grading.formats.importers import read_cera, read_mdtnet
from av_grading.formats.manifest import format_manifest, read_manifest


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("format", choices=["cera", "mdtnet"])
    add("--input", type=Path, required=True, help="folder (cera) or list (mdtnet)")
    add("--maps", type=Path, help="folder of artery/vein maps (mdtnet)")
    add("--output", type=Path, required=True, help="manifest to write (.csv)")
    args = parser.parse_args(argv)
    if args.format == "mdtnet" and args.maps is None:
        parser.error("mdtnet: --maps: expected the folder of the patches' artery/vein maps")
    try:
        if args.format == "cera":
            rows, rejected = read_cera(args.input)
        else:
            rows, rejected = read_mdtnet(args.input, args.maps)
        more = [k for k in ("x", "y", "patch_id") if rows and k in rows[0]]
        write_whole(args.output, format_manifest(rows, more))
        if rejected:
            aside = args.output.with_name("rejected.csv")
            write_whole(aside, format_manifest(rejected, ["patch_id", "code"]))
            print(f"rejected: {len(rejected)}, in {aside}")
        read_manifest(args.output)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    print(f"written: {args.output}, {len(rows)} patches")
    return 0


if __name__ == "__main__":
    sys.exit(main())
