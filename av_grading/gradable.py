"""Whether a crossing can be graded at all, as reading centres see it, and if not, why.

They grade where both vessels go through, off the disc and its margin, the artery above, the vein
wide enough to lose width visibly, the picture sharp; everything else is left out (Hubbard 1999,
ARIC; Wong and Mitchell 2004).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av_grading.vessels.crossing_vessels import CrossingVessels


@dataclass(frozen=True)
class GradableRule:
    """What a crossing has to be like.

    Attributes:
        least_angle: between artery and vein (degrees).
        least_vein_width: (DRIVE px).
        least_artery_width: (DRIVE px).
        least_artery_above: probability that the artery lies above the vein.
        least_probability: that readers would grade it.
        least_disc_distance: from the disc's centre (disc diameters): the disc ends at 0.5.
        most_doubt: standard deviation of the grade, were all grades equally common: in more doubt
            readers would call it questionable.
        least_edge_distance: from where the field of view ends (DRIVE px): a vein is compared with
            itself on both sides.
    """

    least_angle: float = 25.0
    least_vein_width: float = 2.5
    least_artery_width: float = 1.5
    least_artery_above: float = 0.5
    least_probability: float = 0.5
    least_disc_distance: float = 0.6
    most_doubt: float = 0.88
    least_edge_distance: float = 12.0


def why_not_gradable(
    vessels: "CrossingVessels",
    artery_above: float | None,
    probability: float | None,
    disc_distance: float | None,
    edge_distance: float | None,
    rule: GradableRule,
) -> str:
    """The first reason for which a crossing is not gradable; empty where it is.

    Args:
        vessels: that cross.
        artery_above: probability, 0-1; None where it is not known.
        probability: that readers would grade it, 0-1; None where it is not known.
        disc_distance: from the disc's centre (disc diameters); None without a disc.
        edge_distance: from where the field of view ends (DRIVE px); None where that is not known.
        rule: what it has to be like.
    """
    if disc_distance is not None and disc_distance < rule.least_disc_distance:
        return f"on the disc or its margin: {disc_distance:.2f} disc diameters from its centre"
    if edge_distance is not None and edge_distance < rule.least_edge_distance:
        return f"at the edge of the field: {edge_distance:.0f} DRIVE px from it"
    if vessels.why:
        return vessels.why
    if vessels.angle < rule.least_angle:
        return f"shallow angle: {vessels.angle:.0f} degrees"
    if vessels.vein_width < rule.least_vein_width:
        return f"thin vein: {vessels.vein_width:.1f} DRIVE px"
    if vessels.artery_width < rule.least_artery_width:
        return f"thin artery: {vessels.artery_width:.1f} DRIVE px"
    if artery_above is not None and artery_above < rule.least_artery_above:
        return f"vein above the artery: probability {1 - artery_above:.2f}"
    if probability is not None and probability < rule.least_probability:
        return f"unclear: readers would grade it with probability {probability:.2f}"
    return ""
