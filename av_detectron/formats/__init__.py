"""Files that are written: whole or not at all, results with all that is needed to repeat them."""
