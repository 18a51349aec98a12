"""Weights on disk: checkpoints, one-file releases, backbones for timm."""
