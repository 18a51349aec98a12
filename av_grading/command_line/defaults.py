"""Choices and defaults that command lines show: importing them costs nothing."""

VIEWS = (1, 2, 4)
"""How many of `grader.FLIPS` a grader may look at: as it is, after half a turn, in both mirrors."""
GRADER_N_VIEWS = 2
"""How many of these a grade is the mean of, unless said otherwise."""
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
