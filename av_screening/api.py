"""One photograph from Python: what is screened and what comes of it."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_detectron.data.disc import OpticDisc
from av_screening.crossing import Crossing
from av_screening.errors import RejectedPhotograph
from av_screening.photograph import Screened
from av_screening.read.photograph import Photograph, decode, read_content
from av_screening.run.screen_photograph import pipeline_of
from av_screening.settings import Settings
from av_screening.steps.patches import most_likely
from av_screening.write.columns import CALIBER, crossings_columns, crossings_dtypes, format_csv
from av_screening.write.rows import crossing_rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

BAND = 256
"""Rows of a map that are made at once: probabilities of a whole photograph take much memory."""


@dataclass(frozen=True, eq=False)
class ScreeningResult:
    """What is known of a photograph of H x W px and its N crossings, the highest score first.

    Positions are in px of the photograph as it is stored: x to the right, y down, the centre of the
    top left pixel at 0, 0.

    Attributes:
        photograph: name of the file; empty where pixels were given.
        pixels: RGB, (H, W, 3), 0-255.
        identity: value of the DICOM attribute `Settings.identity`; empty for none.
        screened: what the detector found, and a record of each crossing.
    """

    photograph: str
    pixels: NDArray[np.uint8]
    identity: str
    screened: Screened

    def __len__(self) -> int:
        """Number of crossings."""
        return len(self.screened.crossings)

    @property
    def crossings(self) -> list[Crossing]:
        """All that is known of each crossing: a record each."""
        return self.screened.crossings

    @property
    def _asked_for_grades(self) -> bool:
        return bool(self.screened.graders and self.screened.crossings)

    @property
    def centers(self) -> NDArray[np.float32]:
        """Crossings, (N, 2), x and y (px)."""
        return self.screened.found.centers

    @property
    def boxes(self) -> NDArray[np.float32]:
        """(N, 4), x0, y0, x1, y1 (px), where pixel i covers [i, i + 1)."""
        return self.screened.found.boxes

    @property
    def scores(self) -> NDArray[np.float32]:
        """How sure the detector is, (N,), 0-1."""
        return self.screened.found.scores

    @property
    def disc(self) -> OpticDisc | None:
        """The optic disc (px), or None where none is to be seen."""
        return self.screened.found.disc

    @property
    def grades(self) -> list[int | None] | None:
        """The grade of each crossing, 0-3, None where it has none (see `not_graded`);
        None where no grader was given."""
        if not self._asked_for_grades:
            return None
        return [crossing.grade for crossing in self.crossings]

    @property
    def probabilities(self) -> NDArray[np.float64] | None:
        """Of the grades 0-3, (N, 4), rows sum to one, NaN for crossings without a grade; None where
        no grader was given."""
        if not self._asked_for_grades:
            return None
        none = np.full(4, np.nan)
        decisions = [crossing.decision for crossing in self.crossings]
        return np.array([none if d is None else d.probabilities for d in decisions])

    @property
    def not_graded(self) -> list[str]:
        """Why each crossing has no grade, N texts; empty where it has one."""
        if not self._asked_for_grades:
            return ["no grader was given"] * len(self)
        return ["" if c.reason is None else c.reason.text for c in self.crossings]

    @property
    def not_measurable(self) -> list[str]:
        """Why the vein's width was not measured on both sides, N texts; empty where it was."""
        if "caliber" not in self.screened.measured:
            return ["the caliber step was not asked for"] * len(self)
        calibers = [crossing.signs["caliber"].values for crossing in self.crossings]
        return [str(values.get("not_measurable") or "") for values in calibers]

    @property
    def widths(self) -> "pd.DataFrame":
        """Caliber, a row per crossing: the columns `write.columns.CALIBER` (DRIVE px)."""
        return self.to_dataframe()[["crossing", *CALIBER]]

    @property
    def av_map(self) -> NDArray[np.uint8]:
        """Labels (H, W): 0 background, 1 artery, 2 vein."""
        found, (height, width) = self.screened.found, self.screened.found.shape
        columns = slice(0, width)
        tops = range(0, height, BAND)
        bands = [found.av_window(slice(y, min(y + BAND, height)), columns) for y in tops]
        return np.concatenate([most_likely(band) for band in bands])

    def to_dataframe(self) -> "pd.DataFrame":
        """A row per crossing, as in crossings.csv (`write.columns.crossings_columns`).

        `patch` and `av_map`, which name files there, are empty.
        """
        import pandas as pd  # here, as matplotlib below: a second of the start that many never need

        rows = crossing_rows(self.screened, self.photograph, self.identity, "")
        # By way of the file's text, so that both round alike.
        return pd.read_csv(
            io.StringIO(format_csv(crossings_columns(), rows)),
            dtype=crossings_dtypes(),
            keep_default_na=False,
            na_values=[""],
        )

    def plot(self) -> "Figure":
        """The photograph with its crossings in the colours of their grades, beside it the map.

        Returns:
            a figure of its own, which pyplot does not know: `result.plot().savefig("a.png")`.
        """
        from av_screening.write.plot import plot_screened

        return plot_screened(self.pixels, self.screened, self.photograph)


def screen(
    photograph: str | Path | NDArray[np.uint8], settings: Settings | None = None
) -> ScreeningResult:
    """Find, grade and measure the crossings of one photograph.

    The first call with some settings loads their models and sets torch's and OpenCV's threads of
    this process to `settings.threads`; later calls keep the models, from any thread.

    Args:
        photograph: a file (PNG, JPEG, TIFF, GIF, BMP, PPM, DICOM), or RGB pixels (H, W, 3), uint8.
        settings: by default the shipped models on the CPU.

    Raises:
        RejectedPhotograph: the file is unreadable or too large, or it is no fundus photograph that
            can be screened; `reason` is a word of failures.csv, the message names the file.
        ValueError: pixels of another shape or type.
        CheckpointError, WeightsError: weights are missing, damaged or of another kind.

    >>> from av_detectron.data.phantom import make_phantom
    >>> result = screen(make_phantom(seed=0, fov_diameter=300).image)
    >>> len(result) == len(result.grades) == len(result.to_dataframe()) > 0
    True
    >>> all((grade is None) == bool(why) for grade, why in zip(result.grades, result.not_graded))
    True
    >>> result.av_map.shape == result.pixels.shape[:2]
    True
    """
    settings = settings or Settings()
    pipeline = pipeline_of(settings)
    name = "pixels" if isinstance(photograph, np.ndarray) else str(photograph)
    try:
        if isinstance(photograph, np.ndarray):
            read, file_name = Photograph(check_pixel_array(photograph)), ""
        else:
            path = Path(photograph)
            content = read_content(path, settings.reading)
            read, file_name = decode(content, settings.reading, settings.identity), path.name
        screened = pipeline(read.pixels)
    except RejectedPhotograph as error:
        raise RejectedPhotograph(error.reason, f"{name}: {error}") from error
    return ScreeningResult(file_name, read.pixels, read.identity, screened)


def check_pixel_array(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB pixels as the steps take them, contiguous.

    Raises:
        ValueError: they are not uint8 of the shape (H, W, 3).
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(
            "photograph: expected RGB pixels (H, W, 3) of uint8, "
            f"found {pixels.shape} of {pixels.dtype}"
        )
    return np.ascontiguousarray(pixels)
