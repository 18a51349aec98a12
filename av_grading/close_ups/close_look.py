"""One crossing close up, as one value: what every sign is measured from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN, first_largest

if TYPE_CHECKING:
    from av_grading.vessels.crossing_vessels import CrossingVessels
    from av_grading.vessels.straighten import Both
    from av_grading.vessels.visible import VisibleVessel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CloseLook:
    """A crossing close up. Positions are px of the close-up: x to the right, y down, the centre of
    the top left pixel at 0, 0.

    Attributes:
        patch: RGB, (P, P, 3), 0-255.
        fine_map: probabilities of background, artery, vein and overlap, (4, P, P); of labels alone
            0 or 1.
        middle: the crossing, x and y.
        drive_px: length of one DRIVE px (px); 4 with the second look.
        vessels: artery and vein as they were followed, their first side first (see
            `vessels.sides`); None without the second look.
        disc_direction: unit vector (2,), x and y, from the crossing towards the optic disc's
            centre; None where no disc is to be seen.
        artery_above: probability that the artery lies above the vein, 0-1; None where it is not
            known.
        outputs: what networks say of this crossing, by the network's name; a network that was not
            asked is missing.
    """

    patch: NDArray[np.uint8]
    fine_map: NDArray[np.float32]
    middle: tuple[float, float]
    drive_px: float
    vessels: "CrossingVessels | None" = None
    disc_direction: Array | None = None
    artery_above: float | None = None
    outputs: Mapping[str, Array] = field(default_factory=dict)
    _straightened: "list[Both]" = field(default_factory=list, repr=False, compare=False)

    @property
    def straightened(self) -> "Both":
        """Vein and artery as `vessels.straighten.straighten_both` shows them.

        Two networks read them: they are made once, for copies with other `outputs` too.

        Raises:
            NotMeasurable: the vessels were not followed.
        """
        from av_grading.vessels.straighten import straighten_both

        if self.vessels is None:
            raise NotMeasurable("the vessels were not followed")
        if not self._straightened:
            self._straightened.append(straighten_both(self.patch, self.fine_map, self.vessels))
        return self._straightened[0]

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """Labels 0-3 of the fine map, (P, P)."""
        return first_largest(self.fine_map)

    @property
    def artery_probability(self) -> NDArray[np.float32]:
        """Of artery, alone or over a vein, (P, P)."""
        return np.asarray(self.fine_map[ARTERY] + self.fine_map[OVERLAP])

    @property
    def vein_probability(self) -> NDArray[np.float32]:
        """Of vein, alone or under an artery, (P, P)."""
        return np.asarray(self.fine_map[VEIN] + self.fine_map[OVERLAP])

    @cached_property
    def visible_vein(self) -> "VisibleVessel":
        """What is to be seen of the vein along its way.

        Raises:
            NotMeasurable: it does not go through, or cannot be told; says why.
        """
        return self._visible(VEIN)

    @cached_property
    def visible_artery(self) -> "VisibleVessel":
        """As `visible_vein`, of the artery."""
        return self._visible(ARTERY)

    def _visible(self, kind: int) -> "VisibleVessel":
        from av_grading.vessels.visible import see_vessel

        if self.vessels is None:
            raise NotMeasurable("the vessels were not followed")
        line = self.vessels.vein if kind == VEIN else self.vessels.artery
        if line is None:
            raise NotMeasurable(self.vessels.why)
        return see_vessel(self.patch, self.fine_map, kind, line, self.drive_px)

    @cached_property
    def centered_patch(self) -> NDArray[np.uint8]:
        """Pixels (P, P, 3), moved so that the crossing is in the middle."""
        return self._centered(self.patch, cv2.INTER_CUBIC)

    @cached_property
    def centered_labels(self) -> NDArray[np.uint8]:
        """Labels (P, P), likewise."""
        return self._centered(self.labels, cv2.INTER_NEAREST)

    def _centered(self, picture: NDArray[np.uint8], flags: int) -> NDArray[np.uint8]:
        side = self.patch.shape[0]
        x, y = ((side - 1) / 2 - at for at in self.middle)
        if x == y == 0:
            return picture
        shift = np.array([[1, 0, x], [0, 1, y]], np.float64)
        return np.asarray(cv2.warpAffine(picture, shift, (side, side), flags=flags), np.uint8)


def one_hot(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Labels (P, P), 0-3, as a fine map (4, P, P).

    >>> one_hot(np.array([[0, 2]], np.uint8))[:, 0].tolist()
    [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    """
    return np.stack([(labels == kind).astype(np.float32) for kind in range(4)])
