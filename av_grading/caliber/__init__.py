"""The classical systems: centrelines through a crossing, widths, severity."""
