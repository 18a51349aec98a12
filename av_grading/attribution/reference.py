"""What a removed pixel becomes: integrated gradients, occlusion and deletion share it."""

import torch
from torchvision.transforms.v2 import functional as change

from av_grading.attribution.scored import Inputs

BLUR = 1 / 6
"""Standard deviation of the blur, as a share of the side: no vessel is left."""


def without_vessels(inputs: Inputs, streams: tuple[str, ...]) -> Inputs:
    """Photographs blurred until no vessel is left (Fong 2017), maps without any.

    A blurred patch keeps its own colour and light, which a black one would change too.

    Args:
        inputs: of the streams, each (B, 3, H, H).
        streams: their names.
    """
    return tuple(
        torch.zeros_like(x) if name == "av_map" else _blur(x)
        for name, x in zip(streams, inputs, strict=True)
    )


def _blur(photographs: torch.Tensor) -> torch.Tensor:
    sigma = photographs.shape[-1] * BLUR
    size = 2 * int(3 * sigma) - 1  # reflected borders must be narrower than the picture
    blurred: torch.Tensor = change.gaussian_blur(photographs, [size, size], [sigma, sigma])
    return blurred
