"""Scale-attention feature pyramid: every output level weighs all scales, position by position.

A feature pyramid (Lin 2017, https://arxiv.org/abs/1612.03144) whose output levels are weighted
sums of all merged levels. Relatives: Scale Adaptive Feature Pyramid Networks for 2D Object
Detection (2020), where an attention module weighs bottom-up against top-down maps per image,
and adaptively spatial feature fusion (Liu 2019, https://arxiv.org/abs/1911.09516), where a
softmax across levels is taken at each position.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from detectron2.modeling import Backbone
from detectron2.modeling.backbone.fpn import FPN
from torch import nn

ATTENTION_KINDS = ("position", "image", "level")


def resize_level(x: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Bring a pyramid level (B, C, H, W) to `size`: average pooling down, bilinear up.

    Both are linear and act on each channel alone, so they commute with 1x1 convolutions.
    """
    if x.shape[-1] == size[1] and x.shape[-2] == size[0]:
        return x
    height, width = size
    if x.shape[-1] > width:
        return F.adaptive_avg_pool2d(x, (height, width))
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)


class ScaleAttention(nn.Module):
    """Weights across levels for one output level, from all levels.

    A 1x1 convolution over the concatenation of the resized levels, softmax across levels. It
    is computed as one convolution per level before resizing, which is the same (resizing
    commutes with 1x1 convolutions, and a convolution over a concatenation is a sum) and needs
    a small part of the time and memory.

    With logits at zero the weights are equal. The bias starts at `OWN_LEVEL` for the output's
    own level instead: from random weights, a mean over all levels would bury the finest one,
    of which it holds a tenth (coarser levels reach it four times through the top-down path).
    """

    OWN_LEVEL = 2.0  # a weight of 0.71 among four levels

    def __init__(
        self, channels: int, num_levels: int, own: int, kind: str, groups: int = 1
    ) -> None:
        super().__init__()
        self.kind = kind
        self.groups = groups
        self.bias = nn.Parameter(torch.zeros(groups * num_levels))
        nn.init.constant_(self.bias.data[own::num_levels], self.OWN_LEVEL)
        self.convs = nn.ModuleList()
        if kind != "level":
            for _ in range(num_levels):
                conv = nn.Conv2d(channels, groups * num_levels, 1, bias=False)
                nn.init.zeros_(conv.weight)
                self.convs.append(conv)

    def forward(self, levels: list[torch.Tensor], size: tuple[int, int]) -> torch.Tensor:
        """Levels, each (B, C, Hi, Wi) → weights (B, G, L, H, W) or (B, G, L, 1, 1) of G groups of
        channels, summing to one over levels."""
        logits = self.bias.view(1, -1, 1, 1).expand(len(levels[0]), -1, 1, 1)
        if self.kind == "image":
            size = (1, 1)
        for conv, level in zip(self.convs, levels, strict=False):
            logits = logits + resize_level(conv(level), size)
        return logits.unflatten(1, (self.groups, -1)).softmax(dim=2)


class SAFPN(FPN):
    """Feature pyramid with attention over scales; a `Backbone` like any other.

    Lateral and output convolutions carry FPN's names, so weights of a trained FPN load and only
    the attention is new.
    """

    def __init__(
        self,
        bottom_up: Backbone,
        in_features: list[str],
        out_channels: int,
        norm: str = "",
        top_block: nn.Module | None = None,
        attention: str = "position",
        out_features: list[str] | None = None,
        groups: int = 1,
        top_down: bool = True,
    ) -> None:
        """
        Args:
            bottom_up: backbone whose maps have strides 2^k, each twice the one before.
            in_features: its maps to use, from fine to coarse.
            out_channels: channels of every output level.
            norm: normalisation of the lateral and output convolutions.
            top_block: makes extra levels from the coarsest one, as in FPN.
            attention: what the weights depend on: "position", "image" or "level".
            out_features: levels to compute, such as ["p2", "p3"]; all by default.
            groups: of channels, each of which weighs the levels for itself.
            top_down: whether coarser levels are added to finer ones before they are weighed, as
                FPN does. The finest then holds all of them, and trained attention keeps to it;
                without, the weights alone bring coarser levels in.

        Raises:
            ValueError: unknown kind of attention or level, or groups that do not divide channels.
        """
        if attention not in ATTENTION_KINDS:
            raise ValueError(f"attention must be one of {ATTENTION_KINDS}, got {attention!r}")
        if groups < 1 or out_channels % groups:
            raise ValueError(f"groups must divide {out_channels} channels, got {groups}")
        super().__init__(bottom_up, in_features, out_channels, norm=norm, top_block=top_block)
        self.top_down = top_down
        all_features = list(self._out_feature_strides)
        unknown = set(out_features or ()) - set(all_features)
        if unknown:
            raise ValueError(f"unknown levels {sorted(unknown)}, there are {all_features}")
        self._out_features = [f for f in all_features if not out_features or f in out_features]
        self.levels = all_features[: len(in_features)]  # fine to coarse, without the top block
        self.attentions = nn.ModuleDict(
            {
                f: ScaleAttention(
                    out_channels, len(in_features), self.levels.index(f), attention, groups
                )
                for f in self._fused()
            }
        )
        unused = [f"fpn_output{f[1:]}" for f in self.levels if f not in self.attentions]
        for name in unused:
            delattr(self, name)
        del self.output_convs  # by name only: the list would keep the unused ones alive

    def _fused(self) -> list[str]:
        """Levels that need fusing: those asked for, and the top block's input."""
        wanted = set(self._out_features)
        if self.top_block is not None and wanted - set(self.levels):
            wanted.add(self.top_block.in_feature)
        return [f for f in self.levels if f in wanted]

    def merge(self, x: torch.Tensor) -> tuple[dict[str, torch.Tensor], list[torch.Tensor]]:
        """Image (B, 3, H, W) → bottom-up maps, and the maps to weigh from fine to coarse: FPN's
        merged ones, or without `top_down` the lateral ones."""
        features = self.bottom_up(x)
        merged: list[torch.Tensor] = []
        for lateral, name in zip(self.lateral_convs, reversed(self.in_features), strict=True):
            level = lateral(features[name])
            if merged and self.top_down:
                level = level + F.interpolate(merged[0], scale_factor=2.0, mode="nearest")
            merged.insert(0, level)
        return features, merged

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Image (B, 3, H, W), sides divisible by `size_divisibility` → maps p2, p3, … by name."""
        features, merged = self.merge(x)
        results: dict[str, torch.Tensor] = {}
        for name, attention in self.attentions.items():
            height, width = merged[self.levels.index(name)].shape[-2:]
            weights = attention(merged, (height, width))  # (B, G, L, H, W) or (B, G, L, 1, 1)
            if not torch.is_grad_enabled():  # under autocast sums would become float32
                weights = weights.to(merged[0].dtype)
            share = merged[0].shape[1] // weights.shape[1]  # channels that have one weight
            fused: torch.Tensor | None = None
            for level, weight in zip(merged, weights.unbind(dim=2), strict=True):
                spread = weight.repeat_interleave(share, dim=1) if weight.shape[1] > 1 else weight
                resized = resize_level(level, (height, width))
                fused = spread * resized if fused is None else fused.addcmul(spread, resized)
            results[name] = getattr(self, f"fpn_output{name[1:]}")(fused)
        if self.top_block is not None and set(self._out_features) - set(self.levels):
            source = self.top_block.in_feature
            top = self.top_block(results.get(source, features.get(source)))
            names = [f for f in self._out_feature_strides if f not in self.levels]
            results.update(zip(names, top, strict=True))
        return {name: results[name] for name in self._out_features}
