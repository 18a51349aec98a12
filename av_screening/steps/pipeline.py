"""One photograph: quality gate, one pass for crossings and map, patches, grades, caliber."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from av_detectron import Prediction, Predictor
from av_detectron.data.fov import FieldOfView
from av_grading.caliber.width import Widths
from av_grading.close_ups.fine_map import CloseUp, load_close_up
from av_grading.gradable import GradableRule
from av_grading.grader import Grader
from av_grading.models.vein_strip import NarrowingReader, load_narrowing
from av_screening.read.limits import QualityLimits
from av_screening.read.quality import check_quality
from av_screening.settings import Settings
from av_screening.steps.caliber import Measure, measure_all, measure_caliber
from av_screening.steps.explain import Explain, explain_by
from av_screening.steps.grading import EQUAL, Grades, at_precision, grade_crossings, load_graders
from av_screening.steps.patches import CrossingPatch, cut_crossings
from av_screening.steps.second_look import (
    CloseLook,
    fine_patch,
    grader_patches,
    look_together,
)
from av_screening.steps.vein_narrowing import Narrowings, read_narrowings


@dataclass(frozen=True)
class Screened:
    """What is known of a photograph.

    Attributes:
        found: crossings, masks and map.
        crossings: patch and map of each, as graders take them.
        looks: each close up; empty without the second look.
        fine: patch and map of each, as they are measured and shown: close-ups with the second
            look, what graders take without it.
        grades: None without graders or crossings; crossings that are not gradable have none.
        flag_above: `severity` above which an eye is flagged.
        narrowings: what is left of the veins' widths; None without that step.
        caliber: columns of `CALIBER` for each crossing; empty without that step.
        explained: number of a graded crossing → picture of where the graders looked; empty without
            that step.
        widths: along the vein of each crossing (px of the fine patch), None where it could not be
            followed; empty without the caliber step.
    """

    found: Prediction
    crossings: list[CrossingPatch]
    grades: Grades | None
    caliber: list[Mapping[str, object]] = field(default_factory=list)
    explained: Mapping[int, NDArray[np.uint8]] = field(default_factory=dict)
    widths: list[Widths | None] = field(default_factory=list)
    looks: list[CloseLook] = field(default_factory=list)
    fine: list[CrossingPatch] = field(default_factory=list)
    flag_above: float = 3.0
    narrowings: Narrowings | None = None

    def severity(self) -> float:
        """Expected grade, 0-3, at the graded crossing where it is highest; 0 with none."""
        if self.grades is None or not self.grades.graded.any():
            return 0.0
        return float(np.nanmax(self.grades.expected))

    def gradable(self, number: int) -> bool:
        """Whether a crossing is gradable; without the second look every one is."""
        return not self.looks or not self.looks[number].why_not

    def order(self) -> list[int]:
        """Crossings by severity: expected grade, without grades severity index, then score; those
        that are not gradable come last."""

        def key(number: int) -> tuple[float, float, float]:
            graded = self.grades is not None and bool(self.grades.graded[number])
            expected = float(self.grades.expected[number]) if self.grades and graded else -1.0
            measured = self.caliber[number] if self.caliber else {}
            index = measured.get("severity_index")
            severity = float(index) if isinstance(index, int | float) else 0.0
            return -expected, -severity, -float(self.found.scores[number])

        return sorted(range(len(self.crossings)), key=key)


STAGES = ("gate", "pass", "look", "grade", "caliber")
"""What `Pipeline` tells of as it goes."""


class Pipeline:
    """Loads the models once and screens photographs."""

    def __init__(
        self,
        predictor: Predictor,
        graders: Sequence[Grader] = (),
        measure: Measure | None = None,
        explain: Explain | None = None,
        quality: QualityLimits | None = None,
        *,
        close_up: CloseUp | None = None,
        narrowing: NarrowingReader | None = None,
        rule: GradableRule | None = None,
        flag_above: float = 3.0,
        prevalence: Sequence[float] = EQUAL,
    ) -> None:
        """
        Args:
            predictor: of crossings and map.
            graders: whose probabilities are averaged.
            close_up: the second look; None: every crossing is graded on the coarse map.
            narrowing: what reads the veins' narrowing beside graders, with the second look alone.
            rule: what a crossing has to be like to be graded.
            flag_above: severity above which an eye is flagged.
            prevalence: how common the grades 0-3 are taken to be.
            measure: the caliber step.
            explain: the step that shows where the graders looked.
            quality: what a photograph has to be like.
        """
        self.predictor = predictor
        self.graders = list(graders)
        self.close_up = close_up
        self.narrowing = narrowing
        self.rule = rule or GradableRule()
        self.flag_above = flag_above
        self.prevalence = prevalence
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
        close_up = narrowing = None
        if settings.close_up is not None:
            close_up = load_close_up(settings.close_up, settings.device)
            if settings.precision == "bfloat16":
                close_up = close_up.in_bfloat16()
            if settings.narrowing is not None:
                narrowing = load_narrowing(settings.narrowing, settings.device)
        return cls(
            predictor,
            at_precision(graders, settings.precision),
            measure_caliber if settings.caliber else None,
            explain_by(graders) if settings.explain and graders else None,
            settings.quality,
            close_up=close_up,
            narrowing=narrowing,
            rule=settings.gradable,
            flag_above=settings.flag_above,
            prevalence=settings.prevalence,
        )

    def __call__(
        self, pixels: NDArray[np.uint8], mark: Callable[[str], None] = lambda stage: None
    ) -> Screened:
        """Screen a photograph, RGB (H, W, 3).

        Args:
            pixels: the photograph.
            mark: is told the name of each of `STAGES` as it ends.

        Raises:
            RejectedPhotograph: the quality gate says why.
        """
        fov = check_quality(pixels, self.quality)
        mark("gate")
        (seen,) = self.see([pixels], [fov], mark)
        screened = with_caliber(seen, self.measure) if self.measure else seen
        mark("caliber")
        return screened

    def see(
        self,
        photographs: Sequence[NDArray[np.uint8]],
        fovs: Sequence[FieldOfView],
        mark: Callable[[str], None] = lambda stage: None,
    ) -> list[Screened]:
        """All that the networks say of several photographs, whose crossings share batches; without
        caliber, which `with_caliber` adds.

        On a GPU several photographs keep it busy; on a CPU one at a time is as fast.

        Args:
            photographs: N of them, RGB (H, W, 3).
            fovs: their fields of view, as `check_quality` gives them.
            mark: is told as one of `STAGES` ends.
        """
        found = self.predictor.predict_together(photographs, fovs)
        mark("pass")
        both = list(zip(photographs, found, strict=True))
        looks_of: list[list[CloseLook]] = [[] for _ in both]
        if self.close_up is None:
            fine_of = crossings_of = [list(cut_crossings(*pair)) for pair in both]
        else:
            looks_of = look_together(photographs, found, self.close_up, self.rule)
            crossings_of = [
                grader_patches(*pair, looks) for pair, looks in zip(both, looks_of, strict=True)
            ]
            fine_of = [
                [fine_patch(crossing, look) for crossing, look in zip(own, looks, strict=True)]
                for own, looks in zip(crossings_of, looks_of, strict=True)
            ]
        mark("look")
        crossings, looks = list(chain(*crossings_of)), list(chain(*looks_of))
        narrowings = read_narrowings(looks, self.narrowing) if looks and self.narrowing else None
        grades = grade_crossings(
            crossings,
            self.graders,
            [not look.why_not for look in looks] if looks else None,
            self.prevalence,
            narrowings.probabilities if narrowings else None,
        )
        if grades and looks:
            looks, grades = leave_out_doubtful(looks, grades, self.rule)
        mark("grade")
        seen, start = [], 0
        for number, (prediction, own) in enumerate(zip(found, crossings_of, strict=True)):
            rows = slice(start, start + len(own))
            start = rows.stop
            near = looks[rows] if looks_of[number] else []
            graded = grades.part(rows) if grades and own else None
            seen.append(
                Screened(
                    prediction,
                    own,
                    graded,
                    explained=self.explain(own, graded) if self.explain and graded else {},
                    looks=near,
                    fine=fine_of[number],
                    flag_above=self.flag_above,
                    narrowings=narrowings.part(rows) if narrowings and near else None,
                )
            )
        return seen


def with_caliber(screened: Screened, measure: Measure) -> Screened:
    """The same, the veins at gradable crossings measured.

    Raises:
        RejectedPhotograph: see `measure_all`.
    """
    gradable = [not look.why_not for look in screened.looks] or None
    veins = measure_all(screened.fine, measure, gradable)
    return replace(
        screened, caliber=[vein.columns for vein in veins], widths=[vein.widths for vein in veins]
    )


def leave_out_doubtful(
    looks: list[CloseLook], grades: Grades, rule: GradableRule
) -> tuple[list[CloseLook], Grades]:
    """Looks and grades of which those in too much doubt are not gradable and have no grade."""
    doubtful = np.flatnonzero(grades.graded & (grades.doubt > rule.most_doubt)).tolist()
    looks = list(looks)
    for number in doubtful:
        why = f"in doubt: the grade has a standard deviation of {grades.doubt[number]:.2f}"
        looks[number] = replace(looks[number], why_not=why)
    return looks, grades.without(doubtful)
