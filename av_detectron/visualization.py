"""Pictures: detections beside ground truth, and training curves."""

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # files only: there may be no display
import matplotlib.pyplot as plt  # noqa: E402


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Detectron2's metrics.json: one JSON object a line; a line cut by a kill is left out."""
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def _metric(row: dict[str, Any], name: str) -> float | None:
    """A metric of one row, averaged over the validation sets where there are several."""
    values = [v for k, v in row.items() if k == name or k.endswith(f"/{name}")]
    return sum(values) / len(values) if values else None


def plot_training(metrics: Path, output: Path) -> None:
    """Draw the training losses and the validation metrics of a run as a PNG."""
    rows = read_metrics(metrics)
    panels = {
        "training loss": ["total_loss", "loss_cls", "loss_box_reg", "loss_mask", "loss_rpn_cls"],
        "validation": ["bbox/AP50", "bbox/AP", "segm/AP50", "center/f1_10px"],
    }
    figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for axis, (title, names) in zip(axes, panels.items(), strict=True):
        for name in names:
            # After --resume an iteration may stand there twice: the latest run wins.
            points = {r["iteration"]: value for r in rows if (value := _metric(r, name)) is not None}
            if points:
                scale = 100.0 if name.startswith("center/") else 1.0
                xs = sorted(points)
                axis.plot(xs, [scale * points[x] for x in xs], label=name)
        axis.set(title=title, xlabel="iteration")
        axis.legend(frameon=False)
        axis.grid(alpha=0.3)
    axes[0].set_yscale("log")
    axes[1].set_ylabel("per cent")
    figure.savefig(output, dpi=120)
    plt.close(figure)
