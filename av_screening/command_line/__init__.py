"""The command `av-nicking` and its sub-commands. Parsers import nothing large: --help is at once."""
