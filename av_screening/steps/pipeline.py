"""One photograph: quality gate, one pass for crossings and map, patches, grades, caliber."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from av_detectron import Prediction, Predictor
from av_grading.caliber.width import Widths
from av_grading.grader import Grader
from av_screening.read.quality import QualityLimits, check_quality
from av_screening.settings import Settings
from av_screening.steps.caliber import Measure, measure_all, measure_caliber
from av_screening.steps.explain import Explain, gradcam
from av_screening.steps.grading import Grades, at_precision, grade_crossings, load_graders
from av_screening.steps.patches import CrossingPatch, cut_crossings


@dataclass(frozen=True)
class Screened:
    """What is known of a photograph.

    Attributes:
        found: crossings, masks and map.
        crossings: patch and map of each.
        grades: None without graders or crossings.
        caliber: columns of `CALIBER` for each crossing; empty without that step.
        explained: picture of where the graders looked, for each crossing; empty without that step.
        widths: along the vein of each crossing (px of the patch), None where it could not be
            followed; empty without the caliber step.
    """

    found: Prediction
    crossings: list[CrossingPatch]
    grades: Grades | None
    caliber: list[Mapping[str, object]] = field(default_factory=list)
    explained: list[NDArray[np.uint8]] = field(default_factory=list)
    widths: list[Widths | None] = field(default_factory=list)

    def order(self) -> list[int]:
        """Crossings by severity: expected grade, without grades severity index, then score."""

        def key(number: int) -> tuple[float, float, float]:
            expected = float(self.grades.expected[number]) if self.grades else 0.0
            measured = self.caliber[number] if self.caliber else {}
            index = measured.get("severity_index")
            severity = float(index) if isinstance(index, int | float) else 0.0
            return -expected, -severity, -float(self.found.scores[number])

        return sorted(range(len(self.crossings)), key=key)


class Pipeline:
    """Loads the models once and screens photographs."""

    def __init__(
        self,
        predictor: Predictor,
        graders: Sequence[Grader] = (),
        measure: Measure | None = None,
        explain: Explain | None = None,
        quality: QualityLimits | None = None,
    ) -> None:
        """
        Args:
            predictor: of crossings and map.
            graders: whose probabilities are averaged.
            measure: the caliber step.
            explain: the step that shows where the graders looked.
            quality: what a photograph has to be like.
        """
        self.predictor = predictor
        self.graders = list(graders)
        self.measure = measure
        self.explain = explain
        self.quality = quality or QualityLimits()

    @classmethod
    def from_settings(cls, settings: Settings) -> "Pipeline":
        """Load everything and set this process's threads.

        Raises:
            CheckpointError, WeightsError: weights are missing, damaged or of another kind.
        """
        torch.set_num_threads(settings.threads)
        cv2.setNumThreads(settings.threads)
        predictor = Predictor(
            settings.detector,
            settings.device,
            settings.threshold,
            bfloat16=settings.precision == "bfloat16",
            n_views=settings.map_n_views,
        )
        graders = load_graders(settings.graders, settings.device, settings.grader_n_views)
        # Gradients, which explanations need, stay in float32.
        return cls(
            predictor,
            at_precision(graders, settings.precision),
            measure_caliber if settings.caliber else None,
            gradcam(graders) if settings.explain and graders else None,
            settings.quality,
        )

    def __call__(self, pixels: NDArray[np.uint8]) -> Screened:
        """Screen a photograph, RGB (H, W, 3).

        Raises:
            RejectedPhotograph: the quality gate says why.
        """
        fov = check_quality(pixels, self.quality)
        found = self.predictor(pixels, fov)
        crossings = list(cut_crossings(pixels, found))
        grades = grade_crossings(crossings, self.graders)
        measured = measure_all(crossings, self.measure) if self.measure else []
        explained = []
        if self.explain and grades:
            explained = self.explain(crossings, grades.grade)
        caliber = [vein.columns for vein in measured]
        widths = [vein.widths for vein in measured]
        return Screened(found, crossings, grades, caliber, explained, widths)


def best_precision() -> str:
    """ "bfloat16" where this processor has instructions for it, else "float32"."""
    capability = torch.backends.cpu.get_cpu_capability()
    fast = capability.startswith("AVX512") and torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if fast else "float32"
