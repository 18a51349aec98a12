"""Learning from as few patches as the study had."""
