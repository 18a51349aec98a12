"""The command `av-nicking` and its sub-commands; --help is at once, as parsers import little."""
