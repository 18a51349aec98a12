"""The network that reads straightened vessels: what its answer may depend on, and what not."""

import torch

from av_grading.models.reading_outputs import split_outputs
from av_grading.models.reading_strip import ReadingStrip, StripReader
from av_grading.vessels.straighten import CHANNELS, COLUMNS, ROWS, VESSELS


def network() -> ReadingStrip:
    torch.manual_seed(0)
    return ReadingStrip((8, 8, 8)).eval()


def strips(count: int = 2) -> torch.Tensor:
    size = (count, VESSELS, CHANNELS, ROWS, COLUMNS)
    return torch.randint(0, 255, size, dtype=torch.uint8, generator=torch.manual_seed(1))


@torch.inference_mode()
def test_the_other_way_round_sides_are_exchanged_and_the_rest_stays() -> None:
    seen, widths = strips().float(), torch.full((2, VESSELS), 4.0)
    there, back = (split_outputs(network()(x, widths)) for x in (seen, seen.flip(4)))
    for one, other in zip(there[:2], back[:2], strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    assert torch.allclose(there[2], back[3], atol=1e-5)
    assert not torch.allclose(there[2], there[3], atol=1e-3)


@torch.inference_mode()
def test_the_artery_counts_unless_it_was_not_followed() -> None:
    reader, seen = StripReader(network()), strips()
    other = seen.clone()
    other[:, 1] = 255 - other[:, 1]
    followed, without = torch.full((2, VESSELS), 4.0), torch.tensor([[4.0, 0.0]] * 2)
    assert abs(reader.read(seen, followed) - reader.read(other, followed)).max() > 1e-4
    assert abs(reader.read(seen, without) - reader.read(other, without)).max() == 0
