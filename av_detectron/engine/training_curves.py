"""Training curves from the metrics that Detectron2 logs."""

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from av_detectron.evaluation.center_matching import TOLERANCE, tolerance_name

PANELS = {
    "training loss": ["total_loss", "loss_cls", "loss_box_reg", "loss_mask", "loss_rpn_cls"],
    "validation": ["bbox/AP50", "bbox/AP", "segm/AP50", tolerance_name("center/f1", TOLERANCE)],
}


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Detectron2's metrics.json: one JSON object a line; a line cut by a kill is left out."""
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def mean_over_sets(metrics: dict[str, Any], name: str) -> float | None:
    """Mean of a metric over the evaluated sets, or None where it was not measured.

    Detectron2 prefixes metrics by the set's name where there are several sets.
    """
    values = [v for k, v in metrics.items() if k == name or k.endswith(f"/{name}")]
    return sum(values) / len(values) if values else None


def plot_training(metrics: Path, output: Path) -> None:
    """Draw the training losses and the validation metrics of a run as a PNG."""
    rows = read_metrics(metrics)
    figure = Figure(figsize=(11, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, (title, names) in zip(axes, PANELS.items(), strict=True):
        for name in names:
            # After --resume an iteration may stand there twice: the latest run wins.
            points = {r["iteration"]: v for r in rows if (v := mean_over_sets(r, name)) is not None}
            if points:
                scale = 100.0 if name.startswith("center/") else 1.0
                xs = sorted(points)
                axis.plot(xs, [scale * points[x] for x in xs], marker=".", label=name)
        axis.set(title=title, xlabel="iteration")
        if axis.lines:
            axis.legend(frameon=False)
        axis.grid(alpha=0.3)
    axes[0].set_yscale("log")
    axes[1].set_ylabel("per cent")
    figure.savefig(output, dpi=120)
