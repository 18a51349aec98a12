"""Steps that are there or not, by what is installed."""

from collections.abc import Sequence
from importlib.util import find_spec

from av_grading.grader import Grader
from av_screening.settings import Settings
from av_screening.steps import Explain, Measure


def caliber_step(settings: Settings) -> Measure | None:
    """What measures crossings; None where it was not asked for.

    Raises:
        ValueError: it was, and this version has none.
    """
    if not settings.caliber:
        return None
    if find_spec("av_grading.caliber.severity") is None:
        raise ValueError("caliber: this version cannot measure it; --no-caliber goes on without")
    from av_screening.caliber_step import measure_caliber

    return measure_caliber


def explain_step(settings: Settings, graders: Sequence[Grader]) -> Explain | None:
    """What shows where graders look; None where it was not asked for or there are no graders.

    Raises:
        ValueError: it was, and Captum is not installed.
    """
    if not settings.explain or not graders:
        return None
    if find_spec("captum") is None or find_spec("av_grading.attribution") is None:
        raise ValueError("--explain needs Captum: pip install 'av-nicking[screen]'")
    from av_screening.explain_step import gradcam

    return gradcam(graders)
