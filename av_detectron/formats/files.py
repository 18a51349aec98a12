"""Files that are there whole or not at all."""

import io
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def write_whole(path: Path, content: str | bytes, *, make_folder: bool = True) -> None:
    """Write text (UTF-8) or bytes to a temporary name beside `path`, then rename it.

    A failure leaves what was there before, and nothing else.

    Args:
        path: where to.
        content: of the whole file.
        make_folder: make the folders on the way that are missing.

    Raises:
        OSError: it cannot be written; names `path`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    except OSError as error:  # the user knows the file by its own name
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        if temporary.exists():
            temporary.unlink()


def png(pixels: NDArray[np.uint8], palette: list[int] | None = None) -> bytes:
    """PNG of grey (H, W), RGB (H, W, 3), or indices (H, W) into `palette` (r, g, b, r, …)."""
    image = Image.fromarray(pixels)
    if palette:
        image.putpalette(palette)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
