"""Go on from a trained grader: the shipped one on labels of one's own, or one of phantoms."""

import dataclasses
from pathlib import Path

import torch
from torch import nn

from av_grading.config import Config, Model
from av_grading.grader import load_grader
from av_grading.models.low_rank import full_ranks
from av_grading.models.weights_file import WeightsError
from av_grading.training.losses import outputs_of

_FREE = ("weights", "init_from", "dropout", "frozen_stages")
"""Settings of a model that may differ: its parameters are of the same shapes."""


@torch.no_grad()
def start_from(model: nn.Module, config: Config, path: Path) -> None:
    """Fill a model from a grader's file, in place.

    The classifier's logits are taken where both losses have as many, its outputs of widths where
    both have them; what is not taken stays as it is.

    Args:
        model: built of `config`.
        config: settings of the training to come.
        path: a file of `save_grader`.

    Raises:
        WeightsError: unreadable, or of another architecture; names the settings that differ.
    """
    if config.model.weights:
        raise WeightsError(f"{path}: expected model.init_from or model.weights, found both")
    before = load_grader(path)
    ours_pooling, theirs_pooling = config.model.pooling, before.config.model.pooling
    grows = (theirs_pooling, ours_pooling) == ("concat", "both")
    differ = [
        f"model.{f.name}: found {theirs}, expected {ours}"
        for f in dataclasses.fields(Model)
        if f.name not in (*_FREE, *(("pooling",) * grows))
        and (theirs := getattr(before.config.model, f.name))
        != (ours := getattr(config.model, f.name))
    ]
    if differ:
        raise WeightsError(f"{path}: a grader of another architecture: {'; '.join(differ)}")
    own, found = model.state_dict(), full_ranks(before.model.state_dict())
    if grows:
        found = _beside_bilinear(found, own)
    same = outputs_of(config.train.loss) == outputs_of(before.config.train.loss)
    for name, weights in found.items():
        if own[name].shape == weights.shape:
            own[name].copy_(weights)
        elif same:
            rows = min(len(weights), len(own[name]))
            own[name][:rows] = weights[:rows]


def _beside_bilinear(
    found: dict[str, torch.Tensor], own: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Weights of a grader that pools means alone, as those of one with bilinear features before
    them: these start without a say."""
    moved = {k: v for k, v in found.items() if not k.startswith(("norms.", "classify."))}
    moved |= {k.replace("norms.0", "norms.1"): v for k, v in found.items() if "norms.0" in k}
    moved |= {k: v for k, v in found.items() if k.startswith("classify.") and k.endswith("bias")}
    name = "classify.1.weight"
    weight = torch.zeros(len(found[name]), own[name].shape[1])
    weight[:, -found[name].shape[1] :] = found[name]
    return {**moved, name: weight}
