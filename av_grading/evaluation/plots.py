"""Pictures of how well grades are predicted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from av_grading.decision import grade_of
from av_grading.formats.grade_definition import GRADES

Array = NDArray[np.float64]


def plot_scores(y_true: Array, probabilities: Array, output: Path) -> None:
    """Confusion matrix, ROC and precision-recall of grade 0 against 1-3, and reliability: a PNG.

    Args:
        y_true: grades (N,).
        probabilities: (N, 4).
        output: where to.
    """
    figure = Figure(figsize=(13, 3.4), layout="constrained")
    axes = figure.subplots(1, 4)
    _confusion(axes[0], y_true, probabilities)
    nicked, score = np.asarray(y_true) > 0, 1 - probabilities[:, 0]
    if nicked.any() and not nicked.all():
        false, true, _ = roc_curve(nicked, score)
        axes[1].plot(false, true)
        precision, recall, _ = precision_recall_curve(nicked, score)
        axes[2].plot(recall, precision)
    axes[1].plot([0, 1], [0, 1], ":", color="grey")
    axes[1].set(title="grade 0 against 1-3", xlabel="false positives", ylabel="sensitivity")
    axes[2].set(xlabel="recall", ylabel="precision", ylim=(0, 1.02), title="grade 0 against 1-3")
    _reliability(axes[3], y_true, probabilities)
    figure.savefig(output, dpi=120)


def plot_history(histories: Sequence[Sequence[dict[str, float]]], output: Path) -> None:
    """Training and validation loss and validation QWK of each fold: a PNG."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    losses, kappas = figure.subplots(1, 2)
    for number, history in enumerate(histories):
        epochs = [h["epoch"] + 1 for h in history]
        color = f"C{number}"
        losses.plot(epochs, [h["loss"] for h in history], color=color, alpha=0.5)
        losses.plot(epochs, [h["validation_loss"] for h in history], "--", color=color)
        kappas.plot(epochs, [h["qwk"] for h in history], color=color, label=f"fold {number + 1}")
    losses.set(title="loss: training —, validation - -", xlabel="epoch")
    kappas.set(title="validation QWK", xlabel="epoch")
    kappas.legend(frameon=False, fontsize="small")
    figure.savefig(output, dpi=120)


def _confusion(axis: Axes, y_true: Array, probabilities: Array) -> None:
    counts = confusion_matrix(y_true, grade_of(probabilities), labels=list(GRADES))
    axis.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        dark = count > counts.max() / 2
        axis.text(column, row, str(count), ha="center", va="center", color="w" if dark else "k")
    axis.set(title="confusion", xlabel="predicted", ylabel="grade", xticks=GRADES, yticks=GRADES)


def _reliability(axis: Axes, y_true: Array, probabilities: Array, bins: int = 10) -> None:
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y_true
    part = np.minimum((confidence * bins).astype(int), bins - 1)
    filled = [b for b in range(bins) if (part == b).any()]
    mean_confidence = [float(confidence[part == b].mean()) for b in filled]
    true = [float(right[part == b].mean()) for b in filled]
    axis.plot([0, 1], [0, 1], ":", color="grey")
    axis.plot(mean_confidence, true, marker="o")
    axis.set(title="reliability", xlabel="confidence", ylabel="accuracy")
