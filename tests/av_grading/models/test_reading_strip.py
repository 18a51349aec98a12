"""The network that reads straightened vessels: what its answer may depend on, and what not."""

import numpy as np
import torch

from av_grading.models.reading_outputs import split_outputs
from av_grading.models.reading_strip import ReadingStrip, StripReader
from av_grading.models.sign_strip import PART
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


@torch.inference_mode()
def test_many_are_read_as_each_by_itself() -> None:
    reader, seen = StripReader(network()), strips(PART // 4 + 1)
    widths = torch.linspace(3, 6, VESSELS * len(seen)).view(len(seen), VESSELS)
    together = reader.read(seen, widths)
    alone = [reader.read(seen[i : i + 1], widths[i : i + 1])[0] for i in (0, len(seen) - 1)]
    np.testing.assert_allclose(together[[0, -1]], alone, atol=1e-6)


def test_in_bfloat16_it_answers_nearly_the_same() -> None:
    reader, seen = StripReader(network()), strips()
    widths = torch.full((2, VESSELS), 4.0)
    off = abs(reader.in_bfloat16().read(seen, widths) - reader.read(seen, widths)).max()
    assert 0 < off < 0.01
    assert {p.dtype for p in reader.network.parameters()} == {torch.float32}
