"""Losses and probabilities of ordered grades, against numbers worked out by hand."""

import pytest
import torch

from av_grading.config import LOSSES
from av_grading.data.semi_supervised import pseudo_label_loss
from av_grading.evaluation.calibration import fit_temperature
from av_grading.training.losses import (
    grade_loss,
    outputs_of,
    probabilities_of,
    soft_qwk_loss,
    width_loss,
)


@pytest.mark.parametrize("kind", LOSSES)
def test_probabilities_sum_to_one_and_right_beats_wrong(kind: str) -> None:
    logits = torch.randn(5, outputs_of(kind), generator=torch.Generator().manual_seed(0))
    probabilities = probabilities_of(logits, kind)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))
    assert (probabilities >= 0).all() and probabilities.shape == (5, 4)
    said = probabilities_of(4 * torch.eye(4)[:, : outputs_of(kind)] * 2 - 4, kind).argmax(1)
    if kind != "corn":
        assert said.tolist() == [0, 1, 2, 3]
    grades = torch.tensor([0, 3])
    right = torch.tensor([[-8.0, 0, 0], [8, 8, 8]]) if kind == "corn" else 8 * torch.eye(4)[[0, 3]]
    wrong = right.flip(0)
    assert grade_loss(right, grades, kind) < 0.01 < 1 < grade_loss(wrong, grades, kind)


def test_corn_multiplies_conditions() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0]])  # each question is even
    assert probabilities_of(logits, "corn").tolist() == [[0.5, 0.25, 0.125, 0.125]]


def test_corn_asks_only_what_follows() -> None:
    # of grade 0 only the first question is asked: the others may say anything
    logits = torch.tensor([[0.0, 9.0, -9.0]])
    assert grade_loss(logits, torch.tensor([0]), "corn").item() == pytest.approx(0.6931, abs=1e-4)


def test_soft_kappa_counts_the_square_of_the_distance() -> None:
    grades = torch.tensor([0, 1, 2, 3])
    assert soft_qwk_loss(torch.eye(4), grades).item() == pytest.approx(0)
    uniform = torch.full((4, 4), 0.25)
    assert soft_qwk_loss(uniform, grades).item() == pytest.approx(1)  # chance
    assert soft_qwk_loss(torch.eye(4).flip(0), grades).item() == pytest.approx(2)  # opposite
    near, far = torch.eye(4)[[1, 1, 2, 3]], torch.eye(4)[[2, 1, 2, 3]]
    assert soft_qwk_loss(near, grades) < soft_qwk_loss(far, grades)


def test_class_weights_weigh() -> None:
    logits, grades = torch.zeros(2, 4), torch.tensor([0, 1])
    logits[0, 0] = 5.0
    light = grade_loss(logits, grades, "ce", torch.tensor([9.0, 1, 1, 1]))
    assert light < grade_loss(logits, grades, "ce", torch.tensor([1.0, 9, 1, 1]))


@pytest.mark.parametrize("kind", LOSSES)
def test_widths_are_outputs_of_their_own(kind: str) -> None:
    assert outputs_of(kind, widths=True) == outputs_of(kind) + 2
    logits, grades = torch.randn(3, outputs_of(kind)), torch.tensor([0, 2, 3])
    both = torch.cat([logits, torch.full((3, 2), 99.0)], dim=1)
    torch.testing.assert_close(probabilities_of(both, kind), probabilities_of(logits, kind))
    torch.testing.assert_close(grade_loss(both, grades, kind), grade_loss(logits, grades, kind))


def test_width_loss_counts_known_widths_alone() -> None:
    outputs = torch.tensor([[9.0, 9, 9, 9, 0, 1], [0, 0, 0, 0, 5, 5]], requires_grad=True)
    widths = torch.tensor([[0.6, 1.0], [torch.nan, torch.nan]])
    loss = width_loss(outputs, widths)  # targets -1 and 1
    assert loss.item() == pytest.approx(0.5)
    loss.backward()
    assert torch.isfinite(outputs.grad).all() and (outputs.grad[1] == 0).all()
    assert width_loss(outputs, torch.full((2, 2), torch.nan)).item() == 0


def test_unknown_loss() -> None:
    with pytest.raises(ValueError, match="loss: expected one of"):
        outputs_of("mse")


def test_only_what_the_teacher_is_sure_of_counts() -> None:
    student = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    teacher = torch.tensor([[0.95, 0.05, 0.0, 0.0], [0.4, 0.3, 0.2, 0.1]])
    loss, share = pseudo_label_loss(student, teacher, threshold=0.9)
    assert share == 0.5
    assert loss.item() == pytest.approx(0.6931 / 2, abs=1e-4)


def test_temperature_brings_confidence_down_to_accuracy() -> None:
    generator = torch.Generator().manual_seed(0)
    grades = torch.randint(4, (4000,), generator=generator)
    said = torch.where(torch.rand(4000, generator=generator) < 0.7, grades, (grades + 1) % 4)
    logits = 12 * torch.nn.functional.one_hot(said, 4).float()
    found = probabilities_of(logits / fit_temperature(logits, grades, "ce"), "ce")
    assert found.max(1).values.mean().item() == pytest.approx(0.7, abs=0.03)
