"""What readers say of a run: their files, how far two agree, and labels that come of it."""
