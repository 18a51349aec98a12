"""What the page shows of each patch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from av_grading.attribution.copies import CHANGES, changed
from av_grading.attribution.measures import Explained
from av_grading.data.patch_set import PatchSet
from av_grading.decision import expected_grade, grade_of
from av_grading.formats.manifest import GradedPatch
from av_grading.report import draw
from av_grading.report.numbers import percent, plain, signed

NAMES = ("none", "mild", "moderate", "severe")
STREAM_NAMES = {"photograph": "Attribution, photograph", "av_map": "Attribution, map"}
COPY_SIDE = 64
"""Of a copy's pictures (px); there are many."""


@dataclass(frozen=True)
class Copy:
    """A changed copy of a patch.

    Attributes:
        label: how it was changed.
        picture: the copy and its attribution side by side, as a data URI.
        agreement: rank correlation with the patch's own attribution once mapped back, None where
            there is none.
    """

    label: str
    picture: str
    agreement: float | None


@dataclass(frozen=True)
class Card:
    """One patch.

    Attributes:
        number: from 1, in the manifest's order.
        name: of the patch, as in the manifest.
        group: photograph or patient.
        grade: 0-3 or None.
        predicted: the grade, see `decision.grade_of`.
        confidence: its probability.
        expected: the expected grade.
        probabilities: of the grades.
        pictures: caption → data URI.
        figures: label → text.
        caliber: label → text; empty where none were given.
        copies: changed copies.
        energy: share of attribution on the vein near the crossing, None where there is none.
    """

    number: int
    name: str
    group: str
    grade: int | None
    predicted: int
    confidence: float
    expected: float
    probabilities: list[float]
    pictures: dict[str, str]
    figures: dict[str, str]
    caliber: dict[str, str]
    copies: list[Copy]
    energy: float | None

    @property
    def error(self) -> int | None:
        """Predicted minus given grade."""
        return None if self.grade is None else self.predicted - self.grade

    @property
    def file(self) -> str:
        """Last part of the name."""
        return Path(self.name).name

    @property
    def folder(self) -> str:
        """What comes before it, empty or with a slash at the end."""
        return self.name.removesuffix(self.file)

    @property
    def verdict(self) -> str:
        """The error in words."""
        if self.error is None:
            return "not graded"
        if self.error == 0:
            return "as graded"
        return f"{abs(self.error)} too {'high' if self.error > 0 else 'low'}"


def make_cards(
    patches: Sequence[GradedPatch],
    folder: Path,
    data: PatchSet,
    explained: Explained,
    *,
    crop: int,
    radius: float,
    contour: bool,
    caliber: Mapping[str, Mapping[str, str]],
) -> tuple[list[Card], list[draw.Picture]]:
    """Cards of all patches, and for each its pictures side by side.

    Args:
        patches: rows of the manifest.
        folder: of the manifest.
        data: the same patches, decoded.
        explained: what was found.
        crop: side that the grader sees (px).
        radius: of the circle around the crossing (px).
        contour: outline half of the highest attribution.
        caliber: name of a patch → label → text.
    """
    photographs, maps = _middle(data, crop)
    cards, sheets = [], []
    every = zip(patches, _copies(data, explained, crop, contour), strict=True)
    for i, (patch, copies) in enumerate(every):
        shown = {
            "Photograph": draw.draw_patch(photographs[i]),
            "Artery/vein map": draw.draw_map(maps[i], radius),
        }
        for stream, values in explained.attribution.maps.items():
            base = _base(stream, photographs[i], maps[i])
            shown[STREAM_NAMES[stream]] = draw.overlay(base, values[i], contour=contour)
        shares = explained.probabilities[i]
        name = patch.name(folder)
        cards.append(
            Card(
                number=i + 1,
                name=name,
                group=patch.group,
                grade=patch.grade,
                predicted=int(grade_of(shares[None])[0]),
                confidence=float(shares.max()),
                expected=float(expected_grade(shares)),
                probabilities=[float(p) for p in shares],
                pictures={caption: draw.data_uri(picture) for caption, picture in shown.items()},
                figures=_figures(explained, i),
                caliber=dict(caliber.get(name, {})),
                copies=copies,
                energy=_known(explained.table["vein_energy"][i]),
            )
        )
        sheets.append(draw.side_by_side(list(shown.values())))
    return cards, sheets


def _copies(data: PatchSet, explained: Explained, crop: int, contour: bool) -> Iterator[list[Copy]]:
    """Copies of every patch in turn: as the grader saw them, beside the attribution of its first
    stream."""
    stream = next(iter(explained.attribution.maps))
    seen = [_middle(changed(data, how), crop) for how in CHANGES]
    for i in range(len(data)):
        made = []
        for how, found, (photographs, maps) in zip(CHANGES, explained.copies, seen, strict=True):
            base = _base(stream, photographs[i], maps[i])
            looked = draw.overlay(base, found.maps[stream][i], contour=contour, side=COPY_SIDE)
            both = draw.side_by_side([draw.draw_patch(photographs[i], COPY_SIDE), looked])
            value = explained.table[f"agreement_{how.kind}"][i]
            made.append(Copy(how.label, draw.data_uri(both, 70), _known(value)))
        yield made


def _figures(explained: Explained, i: int) -> dict[str, str]:
    """Measures of one patch, as a reader is told."""
    shown = {
        "vein_energy": ("Attribution on the vein at the crossing", percent),
        "deletion_gain": ("Deletion against random", signed),
        "insertion_gain": ("Insertion against random", signed),
        "agreement": ("Agreement of changed copies", plain),
        "convergence_delta": ("Convergence delta", plain),
    }
    values = {
        label: (explained.table[name][i], style)
        for name, (label, style) in shown.items()
        if name in explained.table
    }
    return {
        label: style(value) if np.isfinite(value) else "none"
        for label, (value, style) in values.items()
    }


def _base(stream: str, photograph: draw.Picture, av_map: draw.Picture) -> draw.Picture:
    return draw.grey_map(av_map) if stream == "av_map" else draw.red_free(photograph)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _middle(data: PatchSet, crop: int) -> tuple[draw.Picture, draw.Picture]:
    """RGB (N, crop, crop, 3) and labels (N, crop, crop) that the grader sees."""
    start = (data.maps.shape[-1] - crop) // 2
    window = slice(start, start + crop)
    photographs = data.patches[..., window, window].permute(0, 2, 3, 1).numpy()
    return photographs, data.labels[:, window, window]
