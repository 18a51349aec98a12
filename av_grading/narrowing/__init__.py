"""How much is left of a vein's width on either side of a crossing, read from the straightened vein."""
