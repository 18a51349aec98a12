"""Nicking with known truth: a vein squeezed where an artery crosses it."""
