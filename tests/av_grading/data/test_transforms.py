"""Geometry acts on patch and map alike, colour on the patch alone; reruns see the same."""

from pathlib import Path

import numpy as np
import pytest
import torch

from av_grading.config import Augment
from av_grading.data.patch_set import load_patches
from av_grading.data.transforms import PairedAugmentation, to_inputs, training_batch
from av_grading.formats.errors import InputFileError
from av_grading.formats.manifest import read_manifest
from av_grading.formats.patches import cut_map, cut_patch
from tests.av_grading.conftest import draw_crossing

GEOMETRY = Augment(brightness=0, contrast=0, saturation=0, hue=0)
NONE = Augment(0, 0, 0, 0, 0, 0, 0, flip=False)


def crossing() -> tuple[torch.Tensor, torch.Tensor]:
    """The map three times as a patch, and the map."""
    _, av_map = draw_crossing(64)
    labels = torch.from_numpy(av_map)
    return (labels * 80).expand(3, -1, -1).contiguous(), labels


def test_patch_and_map_move_together() -> None:
    patch, av_map = crossing()
    augment = PairedAugmentation(GEOMETRY, seed=0)
    for number in range(8):
        image, labels = augment(patch, av_map, 0, number)
        middle = slice(16, 48)
        off = (image[0].float() - 80.0 * labels).abs()[middle, middle]
        assert (off > 40).float().mean() < 0.08  # interpolation along the walls alone
    assert not torch.equal(labels, av_map)


def test_colour_leaves_the_map_alone() -> None:
    patch, av_map = crossing()
    colour = Augment(0, 0, 0, 0.5, 0.5, 0.5, 0.1, flip=False)
    image, labels = PairedAugmentation(colour, seed=0)(patch, av_map, 0, 0)
    assert torch.equal(labels, av_map) and not torch.equal(image, patch)


def test_overlap_may_be_called_artery() -> None:
    patch = torch.zeros((3, 32, 32), dtype=torch.uint8)
    av_map = torch.arange(4, dtype=torch.uint8).repeat(256).view(32, 32)
    still = Augment(rotation=0, translate=0, zoom=0, flip=False, overlap=0.5)
    augment = PairedAugmentation(still, 0)
    found = [augment(patch, av_map, 0, number)[1] for number in range(40)]
    hidden = [bool((labels == 3).sum() == 0) for labels in found]
    assert 10 < sum(hidden) < 30
    for labels, without in zip(found, hidden, strict=True):
        assert torch.equal(labels, torch.where(av_map == 3, 1, av_map) if without else av_map)
        assert labels.dtype == torch.uint8


def test_no_change_is_none() -> None:
    patch, av_map = crossing()
    image, labels = PairedAugmentation(NONE, seed=0)(patch, av_map, 3, 4)
    assert torch.equal(image, patch) and torch.equal(labels, av_map)


def test_draws_depend_on_seed_epoch_and_number_and_leave_torch_alone() -> None:
    patch, av_map = crossing()
    augment = PairedAugmentation(Augment(), seed=0)
    before = torch.get_rng_state()
    first = augment(patch, av_map, 1, 2)[0]
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(7)
    assert torch.equal(augment(patch, av_map, 1, 2)[0], first)
    others = [augment(patch, av_map, *place)[0] for place in ((1, 3), (2, 2), (1, 2, 1))]
    others.append(PairedAugmentation(Augment(), seed=1)(patch, av_map, 1, 2)[0])
    assert not any(torch.equal(other, first) for other in others)


def test_inputs_are_the_middle_with_one_channel_a_kind() -> None:
    patch, av_map = crossing()
    photographs, kinds = to_inputs(patch[None], av_map[None], 32)
    assert photographs.shape == kinds.shape == (1, 3, 32, 32)
    assert torch.equal(kinds[0, 1], (av_map[16:48, 16:48] == 2).float())
    assert kinds.sum(1).max() == 1
    with pytest.raises(ValueError, match="at most the patches' 64 px, found 65"):
        to_inputs(patch[None], av_map[None], 65)


def test_batches_of_a_set(graded: Path) -> None:
    data = load_patches(read_manifest(graded))
    assert len(data) == 48 and data.grades[:4].tolist() == [0, 1, 2, 3]
    augment = PairedAugmentation(Augment(), 0)
    photographs, kinds = training_batch(data, np.array([3, 1]), augment, 0, 24)
    assert photographs.shape == kinds.shape == (2, 3, 24, 24)
    with pytest.raises(InputFileError, match="expected graded patches, found none"):
        load_patches([])


def test_cut_patches_are_centred_and_scaled() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[98:103, 118:123] = 255  # centred on x 120, y 100
    patch = cut_patch(image, (120.0, 100.0), 2.0, 48.0, 96)
    ys, xs = np.nonzero(patch[:, :, 0] > 127)
    assert abs(ys.mean() - 47.5) < 0.5 and abs(xs.mean() - 47.5) < 0.5
    small = cut_patch(image, (120.0, 100.0), 2.0, 48.0, 48)
    assert 0.5 < (small[:, :, 0] / 255).sum() * 4 / 25 < 1.5  # averaged down, nothing lost
    edge = cut_patch(image, (0.0, 0.0), 2.0, 48.0, 96)
    assert edge[:40, :40].max() == 0


def test_cut_maps_keep_labels() -> None:
    _, av_map = draw_crossing(201, vein_width=20, artery_width=14)
    found = cut_map(av_map, (100.0, 100.0), 3.0, 48.0, 96)
    assert set(np.unique(found)) == {0, 1, 2, 3} and found[48, 48] == 3
    beyond = cut_map(av_map, (0.0, 0.0), 3.0, 48.0, 96)
    assert (beyond[:40, :40] == 0).all()
