"""Steps that are asked for or not, and Grad-CAM only where Captum is installed."""

from collections.abc import Sequence
from importlib.util import find_spec

from av_grading.grader import Grader
from av_screening.caliber_step import measure_caliber
from av_screening.settings import Settings
from av_screening.steps import Explain, Measure


def caliber_step(settings: Settings) -> Measure | None:
    """What measures crossings; None where it was not asked for."""
    return measure_caliber if settings.caliber else None


def explain_step(settings: Settings, graders: Sequence[Grader]) -> Explain | None:
    """What shows where graders look; None where it was not asked for or there are no graders.

    Raises:
        ValueError: it was, and Captum is not installed.
    """
    if not settings.explain or not graders:
        return None
    if find_spec("captum") is None:
        raise ValueError("--explain needs Captum: pip install 'av-nicking[screen]'")
    from av_screening.explain_step import gradcam

    return gradcam(graders)
