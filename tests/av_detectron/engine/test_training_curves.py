"""Training curves from what Detectron2 logs."""

import json
from pathlib import Path

from PIL import Image

from av_detectron.engine.training_curves import mean_over_sets, plot_training, read_metrics


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
