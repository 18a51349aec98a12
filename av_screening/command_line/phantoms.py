"""Write a data set of phantoms: synthetic fundus photographs with exact labels.

    av-nicking phantoms --output DIR --train 12 --val 4 --test 6

makes DIR/phantom/{train,val,test} and DIR/phantom/contact_sheet.png with crossings ringed.
"""

import argparse
import sys
from pathlib import Path

_COLORS = ((0, 0, 0), (220, 60, 50), (60, 100, 230), (255, 255, 255))
_GREEN = (60, 255, 60)


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}")
    return int(text)


def write_contact_sheet(folders: list[Path], target: Path, rows: int = 4) -> int:
    """Show the first phantoms of some splits, crossings ringed, each beside its map.

    Returns:
        How many phantoms there are on the sheet; there is no sheet of none.
    """
    import cv2
    import numpy as np
    from PIL import Image

    from av_detectron.data.annotations import read_av_map, read_crossings_csv, read_photograph

    tiles = []
    tables = [(folder, read_crossings_csv(folder / "crossings.csv")) for folder in folders]
    shown = [(folder, name, table[name]) for folder, table in tables for name in table]
    for folder, name, points in shown[:rows]:
        photograph = read_photograph(folder / "images" / f"{name}.png").copy()
        for x, y in points:
            radius = max(4, photograph.shape[0] // 50)
            cv2.circle(photograph, (round(x), round(y)), radius, _GREEN, 1, cv2.LINE_AA)
        av_map = read_av_map(folder / "av" / f"{name}.png")
        tiles.append(np.hstack([photograph, np.array(_COLORS, np.uint8)[av_map]]))
    if tiles:
        Image.fromarray(np.vstack(tiles)).save(target)
    return len(tiles)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 when done, 1 when the output cannot be written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--train", type=_whole_number, default=12, help="photographs (default: 12)")
    parser.add_argument("--val", type=_whole_number, default=4, help="photographs (default: 4)")
    parser.add_argument("--test", type=_whole_number, default=6, help="photographs (default: 6)")
    parser.add_argument("--fov-diameter", type=_whole_number, default=270, metavar="PX")
    parser.add_argument("--seed", type=_whole_number, default=0, help="(default: 0)")
    options = parser.parse_args(arguments)
    if not 64 <= options.fov_diameter <= 4096:
        parser.error(f"--fov-diameter: expected 64 to 4096 px, got {options.fov_diameter}")
    from av_detectron.data.phantom import write_phantoms

    output, size = options.output, options.fov_diameter
    folders: list[Path] = []
    counts = {"train": options.train, "val": options.val, "test": options.test}
    try:
        for split, count in counts.items():
            if count:
                folders.append(write_phantoms(output, split, count, options.seed, size))
                print(f"{folders[-1]}: {count} phantoms")
        sheet = output / "phantom" / "contact_sheet.png"
        if write_contact_sheet(folders, sheet):
            print(sheet)
    except OSError as error:
        print(f"stopped: cannot write to {output}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
