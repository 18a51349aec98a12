"""Files that are there whole or not at all."""

import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes to a temporary name beside `path`, then rename it.

    Folders on the way are made. A failure leaves what was there before, and nothing else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def png(pixels: NDArray[np.uint8], palette: list[int] | None = None) -> bytes:
    """PNG of grey (H, W), RGB (H, W, 3), or indices (H, W) into `palette` (r, g, b, r, …)."""
    image = Image.fromarray(pixels)
    if palette:
        image.putpalette(palette)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
