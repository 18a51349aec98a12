#!/usr/bin/env python3
"""Take the pictures of the index and the review page that the documentation shows.

    python tools/take_screenshots.py

Draws photographs with clinical nicking in every second one, screens them with the shipped weights
and writes index.jpg and review.jpg to docs/images. No real photograph is in them: the terms of the
data sets do not allow it. Needs Chromium.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from av_detectron.data.phantom import write_phantoms
from av_grading.formats.errors import NotMeasurable
from av_grading.simulation.protocols import PROTOCOLS
from av_screening.command_line.main import silence_libraries
from av_screening.command_line.screen import main as screen
from av_screening.evaluation.labelled_photographs import LabelledPhotograph, folder_photographs
from av_screening.evaluation.squeezing import (
    SqueezedCrossing,
    clear_crossings,
    squeeze_photograph,
    squeezed_to,
    touching,
)

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
PHOTOGRAPHS, FOV_DIAMETER = 6, 1080
SEED = 1
SHOWN = "phantom_0004"
"""The photograph on the review page, which opens it at the crossing of the highest grade."""
WIDTH = 1440
HEIGHTS = {"index": 900, "review": 1100}
"""Of the window (px)."""
QUALITY = 80


def draw_nicking(photograph: LabelledPhotograph) -> None:
    """Nick the veins of a drawn photograph where they are clear: grade 3 and grade 2 in turn."""
    pixels, labels = photograph.read()
    protocol, rng = PROTOCOLS["clinical"], np.random.default_rng(SEED)
    place = (photograph.centers, photograph.drive_px)
    clear, _ = clear_crossings(pixels, labels, *place, protocol)
    chosen: list[SqueezedCrossing] = []
    for crossing in clear:
        if any(touching(crossing, other.crossing) for other in chosen):
            continue
        try:
            chosen.append(squeezed_to(crossing, 3 - crossing.number % 2, rng, protocol))
        except NotMeasurable:
            continue
    Image.fromarray(squeeze_photograph(pixels, chosen)).save(photograph.image)


def take(run: Path, output: Path) -> None:
    """Picture the index of a run, and the review page of `SHOWN`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        # Chromium's own sandbox needs rights that root in a container has not.
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHTS["index"]})
        for name, height in HEIGHTS.items():
            page.set_viewport_size({"width": WIDTH, "height": height})
            page.goto((run / "index.html").as_uri())
            link = page.locator("#list a", has_text=SHOWN)
            link.wait_for()
            if name == "review":
                link.click()
                page.wait_for_selector("#review:not([hidden])")
                page.mouse.move(0, 0)
            page.wait_for_load_state("networkidle")
            page.wait_for_function("[...document.images].every((image) => image.complete)")
            target = output / f"{name}.jpg"
            page.screenshot(path=target, type="jpeg", quality=QUALITY)
            print(f"{target}: {target.stat().st_size // 1000} kB")
        browser.close()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=IMAGES, help="folder of the pictures")
    args = parser.parse_args(argv)
    silence_libraries()
    with tempfile.TemporaryDirectory() as folder:
        drawn = write_phantoms(Path(folder), "train", PHOTOGRAPHS, 0, FOV_DIAMETER)
        for photograph in folder_photographs(drawn)[::2]:
            draw_nicking(photograph)
        run = Path(folder) / "run"
        code = screen([str(drawn / "images"), "--output", str(run), "--workers", "1"])
        if code == 0:
            take(run, args.output)
    return code


if __name__ == "__main__":
    sys.exit(main())
