"""Results files and training curves."""

import json
from pathlib import Path

import pytest
from PIL import Image

from av_detectron.engine.training_curves import mean_over_sets, plot_training, read_metrics
from av_detectron.formats.files import write_whole
from av_detectron.formats.results import write_results


def test_results_file(tmp_path: Path) -> None:
    path = tmp_path / "results" / "x.json"
    write_results(
        path, metrics={"a": 0.1234567}, ci95={"a": [0, 1]}, seeds=[0], data=["1.png"], more=3
    )
    content = json.loads(path.read_text())
    assert set(content) == {"command", "commit", "seeds", "data", "metrics", "ci95", "more"}
    assert content["metrics"] == {"a": 0.12346} and content["ci95"] == {"a": [0, 1]}
    assert content["command"].startswith("python ")


def test_failed_writing_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_mean_over_sets() -> None:
    assert mean_over_sets({"bbox/AP": 3.0, "segm/AP": 9.0}, "bbox/AP") == 3.0
    assert mean_over_sets({"a_val/bbox/AP": 3.0, "b_val/bbox/AP": 5.0}, "bbox/AP") == 4.0
    assert mean_over_sets({"a_val/bbox/AP50": 3.0}, "bbox/AP") is None


def test_curves_from_a_killed_run(tmp_path: Path) -> None:
    rows = [{"iteration": i, "total_loss": 2.0 - 0.1 * i, "x/bbox/AP50": 5.0 * i} for i in range(5)]
    text = "\n".join(json.dumps(r) for r in rows) + '\n{"iteration": 5, "tot'
    (tmp_path / "metrics.json").write_text(text)
    assert len(read_metrics(tmp_path / "metrics.json")) == 5
    plot_training(tmp_path / "metrics.json", tmp_path / "training.png")
    with Image.open(tmp_path / "training.png") as image:
        assert image.width > 800
