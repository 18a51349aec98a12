"""Pictures inside a page's text."""

import base64

import cv2
import numpy as np
from numpy.typing import NDArray


def jpeg(pixels: NDArray[np.uint8], quality: int = 85) -> bytes:
    """JPEG of RGB pixels (H, W, 3)."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)[1])


def data_uri(content: bytes, kind: str) -> str:
    """A picture as text."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
