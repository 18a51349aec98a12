"""One page that shows what a grader said of each patch, and where it looked."""
