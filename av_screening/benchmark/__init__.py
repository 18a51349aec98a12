"""How fast screening is, against others on the same photographs and against the machine."""
