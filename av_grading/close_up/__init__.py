"""The crossing, close up: a fine artery/vein map of a patch at the photograph's own resolution."""
