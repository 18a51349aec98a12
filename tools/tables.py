"""README's tables, each from the content of one results file."""

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

Results = dict[str, Any]
DETECTOR_ROWS = {
    "bbox_AP": "box AP",
    "bbox_AP50": "box AP50",
    "bbox_AP75": "box AP75",
    "bbox_AR1": "box AR1",
    "bbox_AR10": "box AR10",
    "bbox_AR100": "box AR100",
    "segm_AP": "mask AP",
    "segm_AP50": "mask AP50",
    "segm_AP75": "mask AP75",
    "segm_AR1": "mask AR1",
    "segm_AR10": "mask AR10",
    "segm_AR100": "mask AR100",
    "center_precision_10px": "centre precision, 10 px",
    "center_recall_10px": "centre recall, 10 px",
    "center_f1_10px": "centre F1, 10 px",
    "center_f1_5px": "centre F1, 5 px",
    "center_sensitivity_at_1_fp_10px": "sensitivity at 1 false positive a photograph, 10 px",
}

AV_ROWS = {
    "vessel_dice": "vessel Dice",
    "vessel_sensitivity": "vessel sensitivity",
    "vessel_specificity": "vessel specificity",
    "av_accuracy": "artery/vein accuracy, all labelled vessel pixels",
    "av_accuracy_detected": "artery/vein accuracy, those detected",
    "av_accuracy_centerline": "artery/vein accuracy, centrelines",
    "map_center_f1_10px": "crossings from the map alone, centre F1, 10 px",
}


def number(results: Results, name: str) -> str:
    """A metric with its interval, such as `.553 (.512 to .590)`."""
    text = f"{results['metrics'][name]:.3f}"
    if name in results["ci95"]:
        low, high = results["ci95"][name]
        text += f" ({low:.3f} to {high:.3f})"
    return short(text)


def short(text: str) -> str:
    """Numbers below 1 without their leading zero."""
    return re.sub(r"\b0\.", ".", text)


def head(columns: Collection[str]) -> list[str]:
    """First lines of a table whose rows have labels."""
    return [f"| | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]


def detector_table(results: Results) -> str:
    """The detector; beside the stock FPN, with paired differences, where that was measured."""
    columns = {"SAFPN": "{}", "stock FPN": "fpn_{}", "difference": "{}_minus_fpn"}
    if "fpn_bbox_AP" not in results["metrics"]:
        columns = {"SAFPN": "{}"}
    lines = head(columns)
    for key, label in DETECTOR_ROWS.items():
        cells = (number(results, name.format(key)) for name in columns.values())
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", origin(results)])


def av_table(results: Results) -> str:
    """The map as it is, and with labels that agree along segments."""
    lines = head(["map", "consistent segments"])
    for key, label in AV_ROWS.items():
        agreed = f"{key}_agreed"
        other = number(results, agreed) if agreed in results["metrics"] else ""
        lines.append(f"| {label} | {number(results, key)} | {other} |")
    return "\n".join([*lines, "", origin(results)])


def origin(results: Results) -> str:
    """The command, commit and seeds that made the figures."""
    commit = results["commit"][:10]
    return f"`{results['command']}` (commit {commit}, seeds {results['seeds']})"


def facts_table(results: Results, rows: Mapping[str, str]) -> str:
    """Labels and what is said of them, without columns of their own."""
    lines = ["| | |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in rows.items())]
    return "\n".join([*lines, "", origin(results)])


def pass_table(results: Results) -> str:
    """Time and memory of one pass against its parts."""
    metrics = results["metrics"]
    rows = {
        "both tasks, against the detector alone": number(results, "pass_over_detector"),
        "both tasks, against both models one after the other": number(
            results, "pass_over_two_models"
        ),
        "seconds: both, detector, map": ", ".join(
            f"{metrics[f'{part}_seconds']:.2f}" for part in ("multi_task", "detector", "map")
        ),
        "peak memory above an idle interpreter": f"{metrics['peak_mib_above_idle']:.0f} MiB",
    }
    return facts_table(results, rows)


ABLATION_ROWS = {
    "safpn": "SAFPN, both tasks",
    "fpn": "stock FPN, both tasks",
    "no_se": "SAFPN without squeeze-and-excitation, both tasks",
    "detector": "SAFPN, detector alone",
    "map": "SAFPN, map alone",
}
ABLATION_COLUMNS = {
    "bbox_AP50": "box AP50",
    "bbox_AP": "box AP",
    "segm_AP50": "mask AP50",
    "center_f1_10px": "centre F1",
    "vessel_dice": "vessel Dice",
    "av_accuracy": "artery/vein",
}


def ablation_table(results: Results) -> str:
    """Means and standard deviations over seeds, and differences from the first, seed by seed."""
    metrics = results["metrics"]
    lines = head(ABLATION_COLUMNS.values())

    def spread(name: str) -> str:
        if name not in metrics:
            return ""
        return short(f"{metrics[name]:.3f} ± {metrics[f'{name}_std']:.3f}")

    for variant, label in ABLATION_ROWS.items():
        cells = (spread(f"{variant}_{column}") for column in ABLATION_COLUMNS)
        lines.append(f"| {label} | {' | '.join(cells)} |")
    for variant in list(ABLATION_ROWS)[1:]:
        names = [f"safpn_minus_{variant}_{column}" for column in ABLATION_COLUMNS]
        cells = (number(results, name) if name in metrics else "" for name in names)
        lines.append(f"| first row less {ABLATION_ROWS[variant]} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", origin(results)])


GRADER_ROWS = {
    "baseline": "the photograph, cross-entropy, from random weights",
    "two_stream": "photograph and map, bilinear pooling, from random weights",
    "pretrained": "two stream, from the detector's backbone and phantoms",
    "full": "pretrained, and the semi-supervised step",
    "photograph_only": "pretrained, the photograph alone",
    "map_only": "pretrained, the map alone",
    "concat": "pretrained, means instead of bilinear pooling",
    "bilinear": "pretrained, bilinear pooling without means",
    "no_backbone": "phantoms, without the detector's backbone",
    "no_se": "the same without squeeze-and-excitation",
}
GRADER_COLUMNS = {
    "accuracy": "accuracy",
    "kappa": "kappa",
    "qwk": "QWK",
    "qwk_expected": "QWK, expected grade",
}


def plain(name: str) -> str:
    """A model's name as words."""
    return name.replace("_", " ")


def measured_table(
    results: Results, rows: Iterable[tuple[str, str]], columns: Mapping[str, str]
) -> str:
    """Rows of labels and names, those whose first column was measured."""
    lines = head(columns.values())
    for label, name in rows:
        if f"{name}_{next(iter(columns))}" in results["metrics"]:
            cells = (number(results, f"{name}_{column}") for column in columns)
            lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", origin(results)])


def grader_table(results: Results) -> str:
    """Every model that was measured, and the first less each of the others, paired."""
    rows = [(f"{plain(name)}: {label}", name) for name, label in GRADER_ROWS.items()]
    for first, other in itertools.product(GRADER_ROWS, GRADER_ROWS):
        rows.append((f"{plain(first)} less {plain(other)}", f"{first}_minus_{other}"))
    return measured_table(results, rows, GRADER_COLUMNS)


CALIBER_ROWS = {
    "nguyen": "widths and thresholds, in the manner of Nguyen",
    "roy": "widths and a classifier, in the manner of Roy",
    "network": "the network",
    "network_with_caliber": "the network and the widths",
    "team": "a team of networks",
}
CALIBER_COLUMNS = {
    "qwk": "QWK",
    "accuracy": "accuracy",
    "graded_share": "share graded",
    "measured_qwk": "QWK where widths were measured",
}


def caliber_table(results: Results) -> str:
    """Every system that grades the same simulated patches."""
    rows = [(label, name) for name, label in CALIBER_ROWS.items()]
    return measured_table(results, rows, CALIBER_COLUMNS)


ATTRIBUTION_ROWS = {
    "vein_energy": "attribution on the vein at the crossing",
    "vein_energy_chance": "the same by chance",
    "pointing": "peak on the vein at the crossing",
    "pressed_energy": "attribution on the pixels that the simulation changed",
    "pressed_energy_chance": "the same by chance",
    "deletion_gain": "deletion, area less than in random order",
    "insertion_gain": "insertion, area more than in random order",
    "agreement": "agreement with augmented copies",
    "randomised_similarity": "agreement with a grader of shuffled weights",
    "other_patch_similarity": "agreement with another patch's map",
}


def attribution_table(results: Results) -> str:
    """What was measured of each grader's maps, and the first less each other, paired."""
    models = list(results["data"]["models"])
    first, others = models[0], models[1:]
    lines = head([*map(plain, models), *(f"{plain(first)} less {plain(m)}" for m in others)])
    for measure, label in ATTRIBUTION_ROWS.items():
        names = [f"{measure}_{model}" for model in models]
        names += [f"{first}_minus_{model}_{measure}" for model in others]
        known = (number(results, n) if n in results["metrics"] else "" for n in names)
        lines.append(f"| {label} | {' | '.join(known)} |")
    return "\n".join([*lines, "", origin(results)])


def benchmark_table(results: Results) -> str:
    """Throughput against others, where the time goes, memory."""
    metrics = results["metrics"]
    stages = re.findall(r"\bstage_(\w+)_seconds\b", " ".join(metrics))
    few, many = results["data"]["memory_photographs"]
    rows = {
        "speed, against stock R50-FPN and ResNet50": number(results, "speedup_vs_stock_r50"),
        "speed, against separate stages of the same depth": number(
            results, "speedup_vs_separate_stages"
        ),
        "seconds a photograph: pipeline, stock, separate": ", ".join(
            f"{metrics[f'{name}_seconds']:.2f}"
            for name in ("pipeline", "stock_r50", "separate_stages")
        ),
        f"seconds of its stages: {', '.join(stages)}": ", ".join(
            f"{metrics[f'stage_{stage}_seconds']:.3f}" for stage in stages
        ),
        f"peak memory, growth from {few} to {many} photographs": (
            f"{metrics['peak_memory_mib']:.0f} MiB, "
            f"{100 * metrics[f'memory_growth_{few}_to_{many}']:+.1f} %"
        ),
        "share of the machine's convolution peak: all, detector's pass": ", ".join(
            f"{100 * metrics[name]:.0f} %" for name in ("peak_fraction", "pass_peak_fraction")
        ),
    }
    return facts_table(results, rows)


TABLES: dict[str, Callable[[Results], str]] = {
    "detector_drive": detector_table,
    "av_drive": av_table,
    "one_pass": pass_table,
    "ablation": ablation_table,
    "grader_simulated": grader_table,
    "grader_90": grader_table,
    "grader_ablation": grader_table,
    "caliber": caliber_table,
    "attribution": attribution_table,
    "benchmark": benchmark_table,
}
