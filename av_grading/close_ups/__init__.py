"""Close-ups of crossings: cut, kept, mapped."""
