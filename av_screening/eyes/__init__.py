"""Which eye of which person a photograph shows, and tables by eye and person."""
