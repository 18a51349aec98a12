"""Photographs at the working scale, where every field of view has the same diameter."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from av_detectron.config import DRIVE_FOV_DIAMETER
from av_detectron.data import annotations as read
from av_detectron.data.contrast import normalise_contrast
from av_detectron.data.disc import OpticDisc
from av_detectron.data.fov import FieldOfView

AS_IT_IS = 0.02
"""Photographs whose scale is off by no more than this share are not resampled."""


@dataclass(frozen=True)
class WorkingPhotograph:
    """A photograph resized until its field of view has the working diameter.

    Attributes:
        image: RGB, (H, W, 3), 0-255.
        vessels: share of vessel in each pixel, (H, W), 0-255; None without a vessel map.
        av: artery/vein labels, (H, W), 0-4; None without an artery/vein map.
        disc: the optic disc (working px); None where it is not known.
        centers: crossings, (N, 2), x and y in working px (pixel centres at integers).
        scale: working px per px of the photograph, along x and y.
        fov_diameter, fov_center: of the field of view (working px).
    """

    image: NDArray[np.uint8]
    vessels: NDArray[np.uint8] | None
    av: NDArray[np.uint8] | None
    centers: NDArray[np.float64]
    scale: tuple[float, float]
    fov_diameter: float
    fov_center: tuple[float, float]
    disc: OpticDisc | None = None

    @property
    def drive_px(self) -> float:
        """Length of one DRIVE px in working px."""
        return self.fov_diameter / DRIVE_FOV_DIAMETER

    @property
    def nbytes(self) -> int:
        return sum(m.nbytes for m in (self.image, self.vessels, self.av) if m is not None)


def resize(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize (H, W) or (H, W, C): averaging down, interpolating linearly up."""
    if (image.shape[1], image.shape[0]) == (width, height):
        return image
    down = width < image.shape[1]
    method = cv2.INTER_AREA if down else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def scale_points(points: NDArray[np.float64], scale: tuple[float, float]) -> NDArray[np.float64]:
    """Positions (N, 2) after resizing; pixel centres are at integers before and after."""
    return (np.asarray(points, float).reshape(-1, 2) + 0.5) * scale - 0.5


def load_image(
    record: dict[str, Any], fov_diameter: float, contrast_radius: float = 0.0
) -> NDArray[np.uint8]:
    """Read a dataset dict's photograph at the working scale, RGB.

    Args:
        record: the dataset dict.
        fov_diameter: of the field of view at the working scale (px).
        contrast_radius: of `normalise_contrast` (DRIVE px); 0 leaves the photograph as it is.

    Raises:
        InputFileError: unreadable, or not of the size the dataset says.
    """
    path = Path(record["file_name"])
    pixels = read.read_photograph(path)
    read.check_size(path, pixels.shape, (record["height"], record["width"]))
    return to_working_scale(pixels, record["fov"], fov_diameter, contrast_radius)


def to_working_scale(
    pixels: NDArray[np.uint8], fov: FieldOfView, fov_diameter: float, contrast_radius: float
) -> NDArray[np.uint8]:
    """Resize RGB pixels (H, W, 3) and normalise their contrast; arguments as `load_image`."""
    factor = working_factor(fov, fov_diameter)
    image = resize(pixels, round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    if contrast_radius <= 0:
        return image
    radius = contrast_radius * working_drive_px(fov, fov_diameter)
    center = fov.x * factor, fov.y * factor
    return normalise_contrast(image, radius, center, fov.diameter * factor)


def working_diameter(fov: FieldOfView, fov_diameter: float) -> float:
    """Diameter of a photograph's field of view at the working scale (px): `fov_diameter`, or its
    own where the photograph is coarser, since enlarging shows nothing more; DRIVE's at the least,
    for which anchors and kernels are made."""
    return min(fov_diameter, max(fov.diameter, DRIVE_FOV_DIAMETER))


def working_drive_px(fov: FieldOfView, fov_diameter: float) -> float:
    """Length of one DRIVE px at a photograph's working scale (px); arguments as
    `working_diameter`."""
    return working_diameter(fov, fov_diameter) / DRIVE_FOV_DIAMETER


def working_factor(fov: FieldOfView, fov_diameter: float) -> float:
    """Working px per px of a photograph: 1 where it is nearly that. Interpolation would blur
    vessels one or two px wide, which harms more than a scale that is off by `AS_IT_IS`."""
    factor = working_diameter(fov, fov_diameter) / fov.diameter
    return 1.0 if abs(factor - 1) <= AS_IT_IS else factor


def load_working(
    record: dict[str, Any], fov_diameter: float, contrast_radius: float = 0.0
) -> WorkingPhotograph:
    """Read a dataset dict's photograph and maps at the working scale; arguments as `load_image`.

    Raises:
        InputFileError: unreadable, or not of the size the dataset says.
    """
    image = load_image(record, fov_diameter, contrast_radius)
    height, width = image.shape[:2]
    scale = (width / record["width"], height / record["height"])
    av = _read_av(record)
    vessels = _read_vessels(record, av)
    centers = np.array([a["center"] for a in record.get("annotations", ())], float)
    fov = record["fov"]
    ((x, y),) = scale_points(np.array([[fov.x, fov.y]]), scale)
    return WorkingPhotograph(
        image=image,
        vessels=None if vessels is None else resize(vessels, width, height),
        av=None if av is None else resize_labels(av, width, height),
        centers=scale_points(centers, scale),
        scale=scale,
        fov_diameter=working_diameter(fov, fov_diameter),
        fov_center=(float(x), float(y)),
        disc=record["disc"].moved(scale) if record.get("disc") else None,
    )


def resize_labels(labels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize artery/vein labels (H, W), 0-4: vessel where at least half of a pixel is, of the
    kind that covers most of it. Nearest neighbours would break thin vessels up."""
    kinds = range(1, read.UNCERTAIN + 1)
    shares = [resize((labels == kind).astype(np.uint8) * 255, width, height) for kind in kinds]
    vessel = resize((labels > 0).astype(np.uint8) * 255, width, height) > 127
    return np.where(vessel, 1 + np.argmax(shares, axis=0), 0).astype(np.uint8)


def _read_av(record: dict[str, Any]) -> NDArray[np.uint8] | None:
    if not record.get("av_file_name"):
        return None
    path = Path(record["av_file_name"])
    labels = read.read_av_map(path)
    read.check_size(path, labels.shape, (record["height"], record["width"]))
    return labels


def _read_vessels(record: dict[str, Any], av: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    if not record.get("vessels_file_name"):
        return None if av is None else (av > read.BACKGROUND).astype(np.uint8) * 255
    path = Path(record["vessels_file_name"])
    vessels = read.read_mask(path)
    read.check_size(path, vessels.shape, (record["height"], record["width"]))
    return vessels.astype(np.uint8) * 255


class PhotographCache:
    """Keeps working photographs in memory, the least recently used ones leave first."""

    def __init__(self, fov_diameter: float, max_bytes: int, contrast_radius: float = 0.0) -> None:
        self.fov_diameter = fov_diameter
        self.contrast_radius = contrast_radius
        self.max_bytes = max_bytes
        self._kept: OrderedDict[str, WorkingPhotograph] = OrderedDict()
        self._bytes = 0

    def load(self, record: dict[str, Any]) -> WorkingPhotograph:
        """`load_working`, from memory where it can be."""
        key = record["file_name"]
        if key not in self._kept:
            photograph = load_working(record, self.fov_diameter, self.contrast_radius)
            self._kept[key] = photograph
            self._bytes += photograph.nbytes
            while self._bytes > self.max_bytes and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        self._kept.move_to_end(key)
        return self._kept[key]
