"""What parsers show of `av_detectron`, whose import takes seconds; a test keeps both the same."""

from importlib.util import find_spec
from pathlib import Path


def _package_folder(name: str) -> Path:
    """Where a package lies, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return Path(spec.origin).parent


DETECTOR_PACKAGE = _package_folder("av_detectron")
DEFAULT_WEIGHTS = DETECTOR_PACKAGE / "weights" / "crossing_av_r18.safetensors"
"""`predictor.DEFAULT_WEIGHTS`."""
N_VIEWS = (1, 2, 4)
"""`modeling.test_time_augmentation.N_VIEWS`."""
BOX_SIDE = 20.0
"""`config.BOX_SIDE`."""
MASK_KINDS = ("box", "vessels-through")
"""`data.crossing_rule.MASK_KINDS`."""
RULES = ("three-arms", "two-each")
"""`data.crossing_rule.RULES`."""
MAX_EXTENT = 40.0
"""`data.crossing_rule.MAX_EXTENT`."""
MAP_N_VIEWS = 1
"""`av_screening.settings.Settings.map_n_views`."""
SQUEEZES = 4
"""`av_screening.evaluation.passes.Plan.draws`."""
SEVERE_EYES = 3
"""`av_screening.evaluation.passes.Plan.severe`."""
MIN_FOV = 270.0
"""`av_screening.read.quality.QualityLimits.min_fov`."""
