"""Files that are there whole or not at all."""

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes beside `path`, then rename; makes the folder.

    Raises:
        OSError: it cannot be written; names `path`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        if temporary.exists():
            temporary.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error


def png(pixels: NDArray[np.uint8]) -> bytes:
    """PNG of grey (H, W) or RGB (H, W, 3)."""
    given = np.ascontiguousarray(pixels)
    ordered = cv2.cvtColor(given, cv2.COLOR_RGB2BGR) if given.ndim == 3 else given  # OpenCV's order
    return bytes(cv2.imencode(".png", ordered)[1])
