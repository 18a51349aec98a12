"""How well grades are predicted."""
