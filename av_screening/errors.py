"""Why a photograph was not screened."""


class RejectedPhotograph(ValueError):
    """A photograph that is reported instead of screened.

    Attributes:
        reason: one word for tables: "unreadable", "too_large", "no_fov", "too_small", "too_dark",
            "overexposed", "not_fundus", "crashed" or "failed".
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
