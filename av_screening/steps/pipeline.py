"""One photograph: quality gate, one pass for crossings and map, close looks, grades, signs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from av_detectron import Predictor
from av_detectron.data.fov import FieldOfView
from av_grading.close_ups.close_look import CloseLook
from av_grading.close_ups.fine_map import CloseUp, load_close_up
from av_grading.decision import SIGN_STRIP, DecisionRule
from av_grading.formats.grade_definition import GRADES
from av_grading.gradable import GradableRule
from av_grading.grader import Grader
from av_grading.models.reading_head import NAME as HEAD
from av_grading.models.reading_strip import StripReader, load_strip_reader
from av_grading.models.sign_strip import SignReader, load_sign_reader
from av_grading.signs.sign import Sign
from av_grading.signs.strip_signs import OUTPUT
from av_screening.crossing import Crossing
from av_screening.photograph import Screened
from av_screening.read.limits import QualityLimits
from av_screening.read.quality import check_quality
from av_screening.settings import Settings
from av_screening.steps.explain import Explain, explain_by
from av_screening.steps.grading import at_precision, grade_crossings, load_graders
from av_screening.steps.readers import Readers, read_crossings
from av_screening.steps.second_look import look_together, without_second_look
from av_screening.steps.signs import with_signs

STAGES = ("gate", "pass", "look", "grade", "signs")
"""What `Pipeline` tells of as it goes."""


class Pipeline:
    """Loads the models once and screens photographs."""

    def __init__(
        self,
        predictor: Predictor,
        graders: Mapping[str, Grader] | None = None,
        signs: Callable[[], Sequence[Sign]] = tuple,
        explain: Explain | None = None,
        quality: QualityLimits | None = None,
        *,
        close_up: CloseUp | None = None,
        sign_strip: SignReader | None = None,
        strip: StripReader | None = None,
        rule: GradableRule | None = None,
        flag_above: float = 3.0,
        decision: DecisionRule | None = None,
    ) -> None:
        """
        Args:
            predictor: of crossings and map.
            graders: by name; those that learned from readings tell what is gradable, too.
            close_up: the second look; None: every crossing is graded on the coarse map.
            sign_strip: what reads what is left to see of veins, beside the grade;
                with the second look alone.
            strip: what reads straightened veins as readings do, likewise.
            rule: what a crossing has to be like to be graded.
            flag_above: severity above which an eye is flagged.
            decision: how probabilities become a grade; by default all networks count alike.
            signs: says which are measured; asked for every photograph, since some may be
                registered after the models were loaded.
            explain: the step that shows where the graders looked.
            quality: what a photograph has to be like.
        """
        self.predictor = predictor
        self.graders = dict(graders or {})
        self.close_up = close_up
        self.sign_strip = sign_strip
        own = {n: g for n, g in self.graders.items() if g.learned_from_readings}
        self.rule = rule or GradableRule()
        self.flag_above = flag_above
        self.decision = decision or DecisionRule()
        self.readers = Readers(own, strip, others_decide=HEAD in self.decision.weights)
        self.signs = signs
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
        close_up = sign_strip = strip = None
        if settings.close_up is not None:
            half = settings.precision == "bfloat16"
            close_up = load_close_up(settings.close_up, settings.device)
            close_up = close_up.in_bfloat16() if half else close_up
            if settings.sign_strip is not None:
                sign_strip = load_sign_reader(settings.sign_strip, settings.device)
                sign_strip = sign_strip.in_bfloat16() if half else sign_strip
            if settings.strip_file is not None:
                strip = load_strip_reader(settings.strip_file, settings.device)
                strip = strip.in_bfloat16() if half else strip
        return cls(
            predictor,
            at_precision(graders, settings.precision),
            settings.signs,
            explain_by(list(graders.values())) if settings.explain and graders else None,
            settings.quality,
            close_up=close_up,
            sign_strip=sign_strip,
            strip=strip,
            rule=settings.gradable,
            flag_above=settings.flag_above,
            decision=settings.decision_rule,
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
        screened = with_signs(seen, self.signs())
        mark("signs")
        return screened

    def see(
        self,
        photographs: Sequence[NDArray[np.uint8]],
        fovs: Sequence[FieldOfView],
        mark: Callable[[str], None] = lambda stage: None,
    ) -> list[Screened]:
        """All that the networks say of several photographs, whose crossings share batches; without
        signs, which `with_signs` adds.

        On a GPU several photographs keep it busy; on a CPU one at a time is as fast.

        Args:
            photographs: N of them, RGB (H, W, 3).
            fovs: their fields of view, as `check_quality` gives them.
            mark: is told as one of `STAGES` ends.
        """
        found = self.predictor.predict_together(photographs, fovs)
        mark("pass")
        if self.close_up is None:
            both = zip(photographs, found, strict=True)
            crossings_of = [without_second_look(*pair) for pair in both]
        else:
            crossings_of = look_together(photographs, found, self.close_up, self.rule)
        mark("look")
        crossings = [crossing for own in crossings_of for crossing in own]
        if self.close_up is not None:
            crossings = read_crossings(crossings, self.readers, self.rule)
            if self.sign_strip is not None:
                crossings = read_sign_strips(crossings, self.sign_strip)
        crossings = self._graded(crossings)
        mark("grade")
        seen, start = [], 0
        for prediction, own in zip(found, crossings_of, strict=True):
            end = start + len(own)
            screened = Screened(
                prediction,
                crossings[start:end],
                tuple(self.graders),
                self.close_up is not None,
                flag_above=self.flag_above,
            )
            seen.append(self._explained(screened))
            start = end
        return seen

    def _graded(self, crossings: list[Crossing]) -> list[Crossing]:
        """The same, gradable ones with a grade."""
        if not self.graders:
            return crossings
        # Readers were asked before, but of what is seen close up alone.
        before = self.readers.graders if self.close_up is not None else {}
        others = {n: g for n, g in self.graders.items() if n not in before}
        asked = [*self.graders, *self.decision.weights]
        chosen = [i for i, crossing in enumerate(crossings) if crossing.gradable]
        nothing = np.full(len(GRADES), np.nan)
        beside = {
            name: np.stack([crossings[i].members.get(name, nothing) for i in chosen])
            for name in dict.fromkeys(chain(*(crossings[i].members for i in chosen)))
            if name in asked
        }
        found = grade_crossings(
            [crossings[i].patch for i in chosen], others, self.decision, beside, list(self.graders)
        )
        if found is None:
            return crossings
        members, decision = found
        graded = list(crossings)
        for row, number in enumerate(chosen):
            said = {n: p[row] for n, p in members.items() if np.isfinite(p[row]).all()}
            graded[number] = replace(crossings[number], members=said, decision=decision.of(row))
        return graded

    def _explained(self, screened: Screened) -> Screened:
        if self.explain is None or not screened.graded:
            return screened
        pictures = self.explain(screened.graded)
        crossings = [replace(c, explained=pictures.get(c.number)) for c in screened.crossings]
        return replace(screened, crossings=crossings)


def read_sign_strips(crossings: Sequence[Crossing], reader: SignReader) -> list[Crossing]:
    """The same crossings, with what the sign strip says of the gradable ones whose vein was
    followed."""
    found = list(crossings)
    chosen = [i for i, crossing in enumerate(crossings) if crossing.gradable]
    looks, probabilities = with_strip_signs([crossings[i].close_look for i in chosen], reader)
    for row, number in enumerate(chosen):
        if OUTPUT in looks[row].outputs:
            said = {**crossings[number].members, SIGN_STRIP: probabilities[row]}
            found[number] = replace(crossings[number], close_look=looks[row], members=said)
    return found


def with_strip_signs(
    looks: Sequence[CloseLook], reader: SignReader
) -> tuple[list[CloseLook], NDArray[np.float64]]:
    """The same close looks, with what the sign strip says where the vein was followed, and its
    probabilities of the grades, (N, 4), NaN where it was not."""
    chosen = [i for i, look in enumerate(looks) if look.vessels is not None and look.vessels.vein]
    both = [looks[i].straightened for i in chosen]
    read = reader.read([strips[0] for strips, _ in both], [float(wide[0]) for _, wide in both])
    outputs = np.stack([read.means, read.deviations], axis=1)
    found, probabilities = list(looks), np.full((len(looks), len(GRADES)), np.nan)
    probabilities[chosen] = read.probabilities()
    for row, number in enumerate(chosen):
        look = looks[number]
        found[number] = replace(look, outputs={**look.outputs, OUTPUT: outputs[row]})
    return found, probabilities
