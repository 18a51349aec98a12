"""Pictures of patches, maps and attribution, small enough to be part of a page."""

import base64
import io
from collections.abc import Sequence

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from av_grading.attribution.maps import Maps
from av_grading.formats.labels import ARTERY, BACKGROUND, OVERLAP, VEIN

Picture = NDArray[np.uint8]

MAP_COLORS = {  # Okabe and Ito's colours, which colour-blind readers tell apart
    BACKGROUND: (245, 245, 242),
    ARTERY: (213, 94, 0),
    VEIN: (0, 114, 178),
    OVERLAP: (51, 51, 51),
}
MAP_GREYS = {BACKGROUND: 235, ARTERY: 190, VEIN: 120, OVERLAP: 90}
"""Of maps under attribution, where colours would mix."""
RAMP = "plasma"
"""Of attribution: lightness grows all the way, so that it survives printing in grey."""
LEAST, MOST = 0.3, 0.95
"""Part of the ramp that is used."""
OPACITY = 0.8
SIDE = 192
"""Of a picture in the page (px)."""


def draw_patch(patch: Picture, side: int = SIDE) -> Picture:
    """RGB (H, H, 3) at `side` px."""
    return _fit(patch, side)


def draw_map(av_map: Picture, radius: float, side: int = SIDE) -> Picture:
    """Labels (H, H) in colours at `side` px, a circle of `radius` patch px around the crossing."""
    colors = np.array([MAP_COLORS[label] for label in range(4)])
    drawn = colors.astype(np.uint8)[_fit_labels(av_map, side)]
    places = 16  # OpenCV's fixed point: four bits after the point
    center = (round((side - 1) / 2 * places),) * 2
    reach = round(radius * side / av_map.shape[0] * places)
    cv2.circle(drawn, center, reach, (90, 90, 90), 1, cv2.LINE_AA, 4)
    return drawn


def red_free(patch: Picture) -> Picture:
    """The green channel of RGB (H, H, 3), where vessels have most contrast, in grey."""
    green = cv2.normalize(patch[:, :, 1], np.empty(0), 40, 225, cv2.NORM_MINMAX)
    return np.repeat(np.asarray(green, np.uint8)[..., None], 3, axis=2)


def grey_map(av_map: Picture) -> Picture:
    """Labels (H, H) in greys (H, H, 3)."""
    greys = np.array([(MAP_GREYS[label],) * 3 for label in range(4)], np.uint8)
    return np.asarray(greys[av_map])


def overlay(base: Picture, values: Maps, *, contour: bool, side: int = SIDE) -> Picture:
    """Attribution over a grey picture, at `side` px.

    Args:
        base: (H, H, 3).
        values: (H, H); what is above 0 is drawn, the highest most strongly.
        contour: outline where the attribution is half of the highest or more.
        side: of the result (px).
    """
    drawn = _fit(base, side)
    wide = cv2.resize(values.clip(min=0), (side, side), interpolation=cv2.INTER_LINEAR)
    share = np.asarray(wide, np.float32)
    highest = float(share.max())
    if highest <= 0:
        return drawn
    share /= highest
    alpha = OPACITY * share[..., None]
    mixed = (drawn * (1 - alpha) + 255 * alpha * _ramp(share)).round().astype(np.uint8)
    if contour:
        edges, _ = cv2.findContours(
            (share >= 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(mixed, edges, -1, (20, 20, 20), 1, cv2.LINE_AA)
    return np.asarray(mixed, np.uint8)


def ramp_colors(count: int) -> list[str]:
    """Evenly spaced colours of the ramp as `#rrggbb`, for a legend."""
    colors = (_ramp(np.linspace(0, 1, count, dtype=np.float32)) * 255).round().astype(int)
    return ["#" + "".join(f"{v:02x}" for v in color) for color in colors]


def side_by_side(pictures: Sequence[Picture]) -> Picture:
    """Pictures of one height in a row, 4 px of white between them."""
    gap = np.full((pictures[0].shape[0], 4, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (gap, picture)]
    return np.concatenate(parts[1:], axis=1)


def data_uri(picture: Picture, quality: int = 80) -> str:
    """WebP of RGB pixels as a data URI."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def _ramp(share: Maps) -> Maps:
    colors = matplotlib.colormaps[RAMP](LEAST + (MOST - LEAST) * share)
    return np.asarray(colors[..., :3], np.float32)


def _fit_labels(av_map: Picture, side: int) -> Picture:
    """Labels at `side` px with outlines that are smooth, not stairs."""
    shares = [_fit((av_map == label).astype(np.uint8) * 255, side) for label in range(4)]
    return np.asarray(np.argmax(shares, axis=0), np.uint8)


def _fit(picture: Picture, side: int) -> Picture:
    """A square picture at `side` px."""
    method = cv2.INTER_AREA if side < picture.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (side, side), interpolation=method), np.uint8)
