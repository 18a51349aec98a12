"""Several graders, stacked into one grade."""
