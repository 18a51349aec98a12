"""Values of artery/vein maps."""

BACKGROUND, ARTERY, VEIN, OVERLAP = 0, 1, 2, 3
"""Labels of an index map; 3 is an overlap of both or a vessel of uncertain kind."""
