"""Errors that a user's files can cause; every message names the file."""


class InputFileError(ValueError):
    """A file is unreadable, of another size than its photograph, or not what its name promises."""

    def __init__(self, path: object, message: str) -> None:
        super().__init__(f"{path}: {message}")
