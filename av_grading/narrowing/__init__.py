"""What is left of a vein's width beside an artery, read from the straightened vein."""
