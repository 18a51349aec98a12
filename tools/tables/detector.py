"""Tables of the detector and its artery/vein map."""

from tables.parts import Results, ended, facts_table, head, known, number, row, short

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
NEUTRAL_ROWS = {
    "center_f1_10px_unmarked_neutral": "centre F1, 10 px, without unmarked crossings",
    "unmarked_share": "crossings whose overlap is not marked, of all",
}
"""Those that were measured: not all labels come from a map."""

DISC_ROWS = {
    "topology_infeasible": "paths along arteries and veins, infeasible",
    "topology_correct": "paths along arteries and veins, correct",
    "topology_infeasible_vessel": "paths along vessels of either kind, infeasible",
    "topology_correct_vessel": "paths along vessels of either kind, correct",
    "disc_found": "optic disc, found",
    "disc_center_error_dd": "its centre, median error, disc diameters",
    "disc_center_within_0.1dd": "its centre within 0.1 disc diameters",
    "disc_diameter_error": "its diameter, median relative error",
    "disc_false_in_crop": "crops without a disc in which one is said",
}
"""Those that were measured: not every detector finds the disc."""

AV_ROWS = {
    "vessel_dice": "vessel Dice",
    "vessel_sensitivity": "vessel sensitivity",
    "vessel_specificity": "vessel specificity",
    "av_accuracy": "artery/vein accuracy, all labelled vessel pixels",
    "av_accuracy_detected": "artery/vein accuracy, those detected",
    "av_accuracy_centerline": "artery/vein accuracy, centrelines",
    "map_center_f1_10px": "crossings from the map alone, centre F1, 10 px",
}


def detector_table(results: Results) -> str:
    """The detector; beside the stock FPN, with paired differences, where that was measured."""
    columns = {"SAFPN": "{}", "stock FPN": "fpn_{}", "difference": "{}_minus_fpn"}
    if "fpn_bbox_AP" not in results["metrics"]:
        columns = {"SAFPN": "{}"}
    lines = head(columns)
    neutral = {key: label for key, label in NEUTRAL_ROWS.items() if key in results["metrics"]}
    for key, label in (DETECTOR_ROWS | neutral).items():
        cells = (number(results, name.format(key)) for name in columns.values())
        lines.append(row(label, cells))
    return ended(results, lines)


def av_table(results: Results) -> str:
    """The map as it is, of one view alone, and with labels that agree along segments."""
    metrics = results["metrics"]
    columns = {"map": "{}", "consistent segments": "{}_agreed"}
    if "vessel_dice_1_view" in metrics:
        mean = f"mean of {metrics['n_views']} views"
        columns = {mean: "{}", "one view": "{}_1_view", f"{mean}, consistent segments": "{}_agreed"}
    lines = head(columns)
    measured = {key: label for key, label in DISC_ROWS.items() if key in metrics}
    for key, label in (AV_ROWS | measured).items():
        cells = (known(results, name.format(key)) for name in columns.values())
        lines.append(row(label, cells))
    return ended(results, lines)


def pass_table(results: Results) -> str:
    """Time and memory of one pass against its parts."""
    metrics = results["metrics"]
    rows = {
        "both tasks, against the detector alone": number(results, "pass_over_detector"),
        "both tasks, against both models one after the other": number(
            results, "pass_over_two_models"
        ),
        "both tasks with the map of four views, against one pass": number(
            results, "four_views_over_pass"
        ),
        "seconds: both, detector, map, both with four views": ", ".join(
            f"{metrics[f'{part}_seconds']:.2f}"
            for part in ("multi_task", "detector", "map", "four_views")
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


CAMERA_ROWS = {
    "safpn": "SAFPN",
    "fpn": "stock FPN",
    "no_se": "SAFPN without squeeze-and-excitation",
    "grouped": "SAFPN, 8 groups of channels, no top-down path",
}
SETS = {
    "drive": "DRIVE",
    "les_av": "LES-AV",
    "hrf": "HRF",
    "fundus_avseg": "Fundus-AVSeg",
    "gave": "GAVE",
    "avrdb": "AVRDB",
}
CAMERA_COLUMNS = {
    f"{part}_{metric}": f"{label}, {words}"
    for part, words in (("seen", "seen"), ("left_out", "left out"))
    for metric, label in ABLATION_COLUMNS.items()
    if metric not in ("bbox_AP", "segm_AP50")
}


def ablation_table(results: Results) -> str:
    """What the detector's parts are worth on the sets that it learned from."""
    return _variants_table(results, ABLATION_ROWS, ABLATION_COLUMNS)


def ablation_cameras_table(results: Results) -> str:
    """The same on cameras that were seen and on those that were left out of training; and centre F1
    set by set, seen and left out."""
    variants = {name: CAMERA_ROWS[name] for name in results["variants"]}
    left_out: list[list[str]] = results["data"]["left_out"]
    sets = [name for group in left_out for name in group]
    lines = head([f"{SETS[name]}: seen, left out" for name in sets])
    for variant, label in variants.items():
        runs = results["by_set"][variant]
        cells = []
        for name in sets:
            pairs = list(zip(runs, left_out, strict=True))
            seen = [run[name]["center_f1_10px"] for run, without in pairs if name not in without]
            (unseen,) = (run[name]["center_f1_10px"] for run, without in pairs if name in without)
            cells.append(short(f"{sum(seen) / len(seen):.3f}, {unseen:.3f}"))
        lines.append(row(label, cells))
    return "\n".join([_variants_table(results, variants, CAMERA_COLUMNS), "", *lines])


LEVEL_ROWS = {
    "safpn": "SAFPN, two levels by size",
    "fpn": "stock FPN, two levels by size",
    "finest": "SAFPN, finest level alone",
}


def ablation_levels_table(results: Results) -> str:
    """Photographs whose scale is not normalised: centre F1 at several working scales, of cameras
    that were seen and of those that were left out; box AP50 and kinds at the usual one."""
    fields: list[int] = results["data"]["fields"]
    usual = {
        f"{part}_center_f1_10px": f"centre F1, {words}"
        for part, words in (("seen", "seen"), ("left_out", "left out"))
    }
    columns = {**usual, "left_out_bbox_AP50": "box AP50, left out"}
    for field in fields:
        columns |= {f"{k}_field{field}": f"{v}, field of {field} px" for k, v in usual.items()}
    columns["left_out_av_accuracy"] = "artery/vein, left out"
    return _variants_table(results, LEVEL_ROWS, columns)


def _variants_table(results: Results, variants: dict[str, str], columns: dict[str, str]) -> str:
    """Means and standard deviations over seeds, and differences from the first, seed by seed."""
    metrics = results["metrics"]
    lines = head(columns.values())

    def spread(name: str) -> str:
        if name not in metrics:
            return ""
        return short(f"{metrics[name]:.3f} ± {metrics[f'{name}_std']:.3f}")

    for variant, label in variants.items():
        lines.append(row(label, (spread(f"{variant}_{column}") for column in columns)))
    first, *others = variants
    for variant in others:
        cells = (known(results, f"{first}_minus_{variant}_{column}") for column in columns)
        lines.append(row(f"first row less {variants[variant]}", cells))
    return ended(results, lines)
