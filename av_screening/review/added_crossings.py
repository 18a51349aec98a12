"""Patches of crossings that readers added: the run, which did not see them, has none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from av_detectron.config import DRIVE_FOV_DIAMETER
from av_grading.close_ups.cut import cut_close_up
from av_grading.close_ups.fine_map import load_close_up
from av_grading.close_ups.lone_patches import cut_for_graders, look_at
from av_grading.formats.files import png, write_whole
from av_grading.formats.labels import likeliest
from av_grading.formats.patches import PIXELS, SIDE
from av_screening.errors import FileProblems, RejectedPhotograph
from av_screening.read.limits import ReadingLimits
from av_screening.read.photograph import decode, read_content
from av_screening.review.answers import Answer
from av_screening.review.reviewed_labels import PatchFiles
from av_screening.run.finished_run import FinishedRun
from av_screening.write.folder_names import folder_name

FOLDER = "added"
"""Below the labels' folder."""


@dataclass(frozen=True)
class AddedCrossings:
    """Cuts them out of their photographs, with maps by the close-up network.

    Attributes:
        run: whose review it is; it knows the photographs' scales.
        photographs: the folder that was screened.
        output: folder of the labels.
    """

    run: FinishedRun
    photographs: Path
    output: Path

    def __call__(self, added: Sequence[Answer]) -> list[PatchFiles]:
        """Write the patch and the map of each, in their order.

        Raises:
            FileProblems: photographs that cannot be read, all of them named.
            OSError: a patch cannot be written.
        """
        names = list(dict.fromkeys(a.photograph for a in added))
        problems: list[str] = []
        views: dict[int, np.ndarray] = {}
        for name in names:  # one photograph in memory at a time
            try:
                content = read_content(self.photographs / name, ReadingLimits())
                pixels = decode(content, ReadingLimits()).pixels
            except (RejectedPhotograph, OSError) as error:
                problems.append(f"{name}: expected it below {self.photographs}: {error}")
                continue
            for number, answer in enumerate(added):
                if answer.photograph == name:
                    place = answer.x, answer.y
                    views[number] = cut_close_up(pixels, place, self._drive_px(name))
        if problems:
            raise FileProblems(self.run.output, problems)
        looked = [views[n] for n in range(len(added))]
        patches, shares = cut_for_graders(looked, look_at(looked, load_close_up(head=False)))
        found = []
        for answer, patch, share in zip(added, patches, shares, strict=True):
            file_name = f"{folder_name(Path(answer.photograph))}_{answer.x:.1f}_{answer.y:.1f}.png"
            files = [self.output / FOLDER / kind / file_name for kind in ("patches", "av_maps")]
            for file, picture in zip(files, (patch, likeliest(share)), strict=True):
                write_whole(file, png(picture))
            scale = PIXELS / (SIDE * self._drive_px(answer.photograph))
            found.append(PatchFiles(files[0], files[1], round(scale, 4)))
        return found

    def _drive_px(self, photograph: str) -> float:
        return self.run.fov_diameters[photograph] / DRIVE_FOV_DIAMETER
