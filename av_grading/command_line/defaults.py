"""Choices and defaults that command lines show: importing them costs nothing."""

from pathlib import Path

DEFAULT_GRADER = Path(__file__).parents[1] / "weights" / "nicking_grader_r18.safetensors"
"""What is shipped."""
FINE_GRADER = DEFAULT_GRADER.with_name("nicking_grader_fine_r18.safetensors")
"""What is shipped beside it for fine maps."""
DEFAULT_GRADERS = (DEFAULT_GRADER, FINE_GRADER)
"""Whose mean is taken on fine maps: one learned from labelled maps, one went on from there on fine
ones. On photographs held back their mean was better than either."""
DEFAULT_CLOSE_UP = DEFAULT_GRADER.with_name("close_up_map.safetensors")
"""What is shipped for the second look."""
DEFAULT_NARROWING = DEFAULT_GRADER.with_name("vein_narrowing.safetensors")
"""What is shipped to read what is left of a vein's width."""
DISC_DIAMETER = 83.0
"""Of an ordinary optic disc in DRIVE's photographs (DRIVE px): what a disc's diameter is taken for
where a patch's scale is told by it."""
VIEWS = (1, 2, 4)
"""How many of `grader.FLIPS` a grader may look at: as it is, after half a turn, in both mirrors."""
METHODS = ("integrated_gradients", "gradcam", "occlusion")
"""Of attribution."""
METHOD = "integrated_gradients"
"""Grad-CAM's cells are two veins wide, and its maps are as like those of shuffled weights."""
TARGETS = ("predicted", "expected", "0", "1", "2", "3")
"""What an attribution explains: the predicted grade, the expected one, or a grade by its number."""
TARGET = "expected"
"""A grade of 0 is the absence of something: what raises the expected grade can be pointed at."""
RADIUS = 20.0
"""Of the crossing's neighbourhood (px of a patch; 10 DRIVE px in patches of 48 DRIVE px and 96
px)."""
SOURCES = ("both", "photograph", "map")
"""What widths are taken from: "both" is the geometric mean, two readings of the same walls whose
errors have little in common."""
SIDE = 48.0
"""Side of a patch (DRIVE px), unless said otherwise."""
PIXELS = 96
"""Side of a patch (px), unless said otherwise."""
STUDY = (48, 16, 14, 12)
"""Patches of grades 0-3 in the study's set."""
WIDTHS = (2.5, float("inf"))
"""Least and greatest width of a vein that is squeezed (DRIVE px): what is thinner has little width
to lose."""
SIMULATION_PROTOCOLS = ("in_use_0_2_0", "training", "clinical")
"""Names of what may be drawn as nicking, the default first; `simulation/protocols.py` has them."""
