"""ResNet (He 2015, https://arxiv.org/abs/1512.03385), with squeeze-and-excitation on demand
(Hu 2018, https://arxiv.org/abs/1709.01507).

Names of parameters, first weights and results are those of timm's ResNets, so that weights fit
either way. timm itself is not needed here: importing it takes longer than importing torch.
"""

from collections.abc import Callable

import torch
from torch import nn

Norm = Callable[[int], nn.Module]
"""Number of channels → layer."""
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
"""Depth → blocks of each stage."""
WIDTHS = (64, 128, 256, 512)
"""Of the stages; a bottleneck puts out `Bottleneck.expansion` times as many channels."""
NORM_LAYERS: dict[str, Norm] = {
    "group": lambda channels: nn.GroupNorm(32, channels),
    "batch": nn.BatchNorm2d,
}
REDUCTION, DIVISOR = 16, 8
"""Of squeeze-and-excitation: inner channels are a sixteenth, rounded to a multiple of eight."""


class SqueezeExcite(nn.Module):
    """Weighs channels by what all of the picture shows of them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(DIVISOR, int(channels / REDUCTION + DIVISOR / 2) // DIVISOR * DIVISOR)
        self.fc1 = nn.Conv2d(channels, inner, 1)
        self.fc2 = nn.Conv2d(inner, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W), weighed."""
        seen = self.fc1(x.mean((2, 3), keepdim=True)).relu_()
        weighed: torch.Tensor = x * self.fc2(seen).sigmoid()
        return weighed


class _Block(nn.Module):
    """Convolutions, added to what goes in."""

    expansion = 1
    conv1: nn.Conv2d
    se: SqueezeExcite | None
    downsample: nn.Module | None

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        """What is added."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) → (B, C', H / s, W / s)."""
        found = self.residual(x)
        if self.se is not None:
            found = self.se(found)
        found += x if self.downsample is None else self.downsample(x)
        return found.relu_()


class BasicBlock(_Block):
    """Two 3 x 3 convolutions."""

    def __init__(
        self,
        inputs: int,
        width: int,
        stride: int,
        dilations: tuple[int, int],
        downsample: nn.Module | None,
        norm: Norm,
        se: bool,
    ) -> None:
        """
        Args:
            inputs: channels that go in.
            width: channels inside.
            stride: of the block.
            dilations: of the first 3 x 3 convolution that it has, and of the second.
            downsample: brings what goes in to the shape of what comes out; None: they are alike.
            norm: after each convolution.
            se: squeeze-and-excitation.
        """
        super().__init__()
        first, second = dilations
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, first, first, bias=False)
        self.bn1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, second, second, bias=False)
        self.bn2 = norm(width)
        self.se = SqueezeExcite(width) if se else None
        self.downsample = downsample

    @property
    def last_scale(self) -> torch.Tensor:
        return self.bn2.get_parameter("weight")

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu_()))
        return found


class Bottleneck(_Block):
    """A 3 x 3 convolution, which strides, between two of 1 x 1; arguments as `BasicBlock`."""

    expansion = 4

    def __init__(
        self,
        inputs: int,
        width: int,
        stride: int,
        dilations: tuple[int, int],
        downsample: nn.Module | None,
        norm: Norm,
        se: bool,
    ) -> None:
        super().__init__()
        dilation, outputs = dilations[0], width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = norm(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = norm(outputs)
        self.se = SqueezeExcite(outputs) if se else None
        self.downsample = downsample

    @property
    def last_scale(self) -> torch.Tensor:
        return self.bn3.get_parameter("weight")

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        found = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu_())).relu_()
        last: torch.Tensor = self.bn3(self.conv3(found))
        return last


class ResNet(nn.Module):
    """(B, 3, H, W) → (B, `num_features`, H / s, W / s); without a classifier."""

    def __init__(self, depth: int, *, se: bool, norm: Norm, stride: int = 32) -> None:
        """
        Args:
            depth: a key of `BLOCKS`.
            se: squeeze-and-excitation in every block.
            norm: after each convolution, of `NORM_LAYERS`.
            stride: of the fourth stage, s: 8, 16 or 32. Where it is less than 32, the later stages
                are dilated instead of striding.
        """
        super().__init__()
        block: type[BasicBlock | Bottleneck] = Bottleneck if depth >= 50 else BasicBlock
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 7, 2, 3, bias=False)
        self.bn1 = norm(WIDTHS[0])
        self.act1 = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs, reached, before, dilation = WIDTHS[0], 4, 1, 1
        for number, (width, count) in enumerate(zip(WIDTHS, BLOCKS[depth], strict=True), start=1):
            step = 1 if number == 1 else 2
            if reached >= stride:
                dilation, step = dilation * step, 1
            reached *= step
            blocks: list[nn.Module] = []
            for _ in range(count):
                outputs = width * block.expansion
                shortcut = None
                if step != 1 or inputs != outputs:
                    shortcut = nn.Sequential(
                        nn.Conv2d(inputs, outputs, 1, step, bias=False), norm(outputs)
                    )
                dilations = (before, dilation)
                blocks.append(block(inputs, width, step, dilations, shortcut, norm, se))
                inputs, step, before = outputs, 1, dilation
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        self.num_features = inputs
        self._start()

    def keep(self, stages: int) -> None:
        """Leave out the stages after the first `stages`, in place."""
        kept = WIDTHS[stages - 1] * self.num_features // WIDTHS[-1]
        for number in range(stages + 1, len(WIDTHS) + 1):
            self.add_module(f"layer{number}", nn.Identity())
        self.num_features = kept

    def _start(self) -> None:
        """First weights: a block begins as what goes in (Goyal 2017), its last norm being zero."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for module in self.modules():
            if isinstance(module, BasicBlock | Bottleneck):
                nn.init.zeros_(module.last_scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of the last stage."""
        x = self.act1(self.bn1(self.conv1(x)))
        if torch.is_grad_enabled():
            x = self.maxpool(x)
        else:  # channels last, in which a CPU pools in a fifth of the time
            x = self.maxpool(x.contiguous(memory_format=torch.channels_last)).contiguous()
        for number in range(1, len(WIDTHS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x
