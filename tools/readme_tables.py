#!/usr/bin/env python3
"""Write README's tables from results/*.json, between their markers.

    python tools/readme_tables.py            # write
    python tools/readme_tables.py --check    # only say whether README is up to date

Exit codes: 0 done, 1 README is not up to date or a results file is missing, 2 wrong usage.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from av_detectron.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
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


def number(results: dict[str, Any], name: str) -> str:
    """A metric with its interval, such as `.553 (.512 to .590)`."""
    text = f"{results['metrics'][name]:.3f}"
    if name in results["ci95"]:
        low, high = results["ci95"][name]
        text += f" ({low:.3f} to {high:.3f})"
    return re.sub(r"\b0\.", ".", text)


def detector_table(results: dict[str, Any]) -> str:
    """The detector; beside the stock FPN, with paired differences, where that was measured."""
    columns = {"SAFPN": "{}", "stock FPN": "fpn_{}", "difference": "{}_minus_fpn"}
    if "fpn_bbox_AP" not in results["metrics"]:
        columns = {"SAFPN": "{}"}
    lines = [f"| | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for key, label in DETECTOR_ROWS.items():
        cells = (number(results, name.format(key)) for name in columns.values())
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", origin(results)])


def av_table(results: dict[str, Any]) -> str:
    """The map as it is, and with labels that agree along segments."""
    lines = ["| | map | consistent segments |", "| --- | --- | --- |"]
    for key, label in AV_ROWS.items():
        agreed = f"{key}_agreed"
        other = number(results, agreed) if agreed in results["metrics"] else ""
        lines.append(f"| {label} | {number(results, key)} | {other} |")
    return "\n".join([*lines, "", origin(results)])


def origin(results: dict[str, Any]) -> str:
    """The command, commit and seeds that made the figures."""
    commit = results["commit"][:10]
    return f"`{results['command']}` (commit {commit}, seeds {results['seeds']})"


def pass_table(results: dict[str, Any]) -> str:
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
    lines = ["| | |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in rows.items())]
    return "\n".join([*lines, "", origin(results)])


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "detector_drive": detector_table,
    "av_drive": av_table,
    "one_pass": pass_table,
}


def fill(readme: str, results: Path) -> str:
    """README with every table that it has markers for made anew.

    Raises:
        ValueError: markers without a results file or of an unknown table, or unpaired ones.
    """
    for name in re.findall(r"<!-- table (\w+) -->", readme):
        source = results / f"{name}.json"
        begin, end = f"<!-- table {name} -->", f"<!-- end {name} -->"
        if name not in TABLES or not source.is_file() or end not in readme:
            raise ValueError(f"README.md: {begin} needs {source}, a table {name}, and {end}")
        make = TABLES[name]
        table = make(json.loads(source.read_text()))
        before, rest = readme.split(begin, 1)
        readme = f"{before}{begin}\n{table}\n{end}{rest.split(end, 1)[1]}"
    return readme


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write README's tables from results/*.json.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args(argv)
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    try:
        filled = fill(readme, ROOT / "results")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if args.check:
        if filled != readme:
            print("README.md: tables differ from results/; run `make tables`", file=sys.stderr)
        return int(filled != readme)
    write_whole(path, filled)
    return 0


if __name__ == "__main__":
    sys.exit(main())
