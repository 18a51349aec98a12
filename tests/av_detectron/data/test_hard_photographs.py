"""How often a photograph is drawn, by what was measured of it."""

import json
from pathlib import Path

import pytest

from av_detectron.data.errors import InputFileError
from av_detectron.data.hard_photographs import MOST, read_losses, repeat_factors


def records(name: str, *images: str) -> list[dict[str, str]]:
    return [{"file_name": f"/data/{name}/train/images/{image}"} for image in images]


def test_hard_photographs_come_more_often_within_their_set(tmp_path: Path) -> None:
    path = tmp_path / "losses.json"
    losses = {"toy/train/a.png": 1.0, "toy/train/b.png": 3.0, "two/train/a.png": 50.0}
    path.write_text(json.dumps({"losses": losses}))
    sets = [records("toy", "a.png", "b.png"), records("two", "a.png")]
    factors = repeat_factors(sets, read_losses(path), path)
    assert factors.tolist() == pytest.approx([0.5, 1.5, 1.0])
    far = repeat_factors(sets, {**losses, "toy/train/b.png": 1000.0}, path)
    assert far[1] / far[0] < MOST**2 + 1e-6 and far[:2].mean() == pytest.approx(1.0)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "losses.json"
    with pytest.raises(InputFileError, match=r"losses\.json.*expected losses, as tools/measure"):
        read_losses(path)
    path.write_text("[1]")
    with pytest.raises(InputFileError, match="expected losses"):
        read_losses(path)
    with pytest.raises(InputFileError, match=r"expected the loss of toy/train/a\.png"):
        repeat_factors([records("toy", "a.png")], {}, path)
