"""Numbers as a reader sees them."""

MINUS, NARROW = "\u2212", "\u202f"


def percent(value: float) -> str:
    """A share 0-1 in percent.

    >>> percent(0.127).replace(NARROW, " ")
    '13 %'
    """
    return f"{100 * value:.0f}{NARROW}%"


def plain(value: float) -> str:
    """Two digits after the point, with a true minus sign; no minus at 0.

    >>> plain(-0.001)
    '0.00'
    """
    return f"{_whole(value, 2):.2f}".replace("-", MINUS)


def signed(value: float) -> str:
    """Three digits after the point and a sign, but at 0.

    >>> signed(0.01)
    '+0.010'
    """
    rounded = _whole(value, 3)
    return f"{rounded:+.3f}".replace("-", MINUS) if rounded else "0.000"


def _whole(value: float, digits: int) -> float:
    """Rounded, without a negative zero."""
    return round(value, digits) + 0.0
