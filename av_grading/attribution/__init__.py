"""Where a grader looks, and how far that can be trusted."""
