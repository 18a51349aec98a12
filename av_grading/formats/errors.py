"""Errors that a user's files can cause."""


class InputFileError(ValueError):
    """A file is unreadable or not what it should be; the message names the file and the row.

    Attributes:
        reason: the message without the file.
    """

    def __init__(self, path: object, message: str) -> None:
        self.reason = message
        super().__init__(f"{path}: {message}")


class NotMeasurable(ValueError):
    """A crossing whose vessels cannot be followed or measured; the message says why."""
