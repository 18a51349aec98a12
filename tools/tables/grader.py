"""Tables of grades, of the systems that give them, and of where graders look."""

import itertools

from tables.parts import Results, ended, head, known, measured_table, plain, row

GRADER_ROWS = {
    "pipeline": "as shipped, in screening",
    "fine_grader": "two streams, bilinear pooling, taught on fine maps",
    "labelled_grader": "two streams, taught on labelled maps",
    "photograph_alone": "one stream, the photograph alone",
    "baseline": "the photograph, cross-entropy, from random weights",
    "two_stream": "photograph and map, from random weights",
    "pretrained": "two stream, from the detector's backbone and phantoms",
    "full": "pretrained, and the semi-supervised step",
    "full_concat": "full, means instead of bilinear pooling",
    "photograph_only": "pretrained, the photograph alone",
    "map_only": "pretrained, the map alone",
    "bilinear": "pretrained, bilinear pooling instead of means",
    "no_backbone": "phantoms, without the detector's backbone",
    "no_se": "the same without squeeze-and-excitation",
}
GRADER_COLUMNS = {
    "accuracy": "accuracy",
    "kappa": "kappa",
    "qwk": "QWK",
    "qwk_expected": "QWK, expected grade",
}


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
        lines.append(row(label, (known(results, name) for name in names)))
    return ended(results, lines)
