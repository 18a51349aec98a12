"""What a run does, as one value that every worker gets and `run.json` keeps."""

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from av_grading.command_line.defaults import VIEWS
from av_grading.decision import IN_USE, SHIPPED, DecisionRule
from av_grading.gradable import GradableRule
from av_grading.languages.catalogue import ENGLISH, languages
from av_grading.models.registry import (
    DEFAULT_CLOSE_UP,
    DEFAULT_GRADERS,
    DEFAULT_READING_STRIP,
    DEFAULT_SIGN_STRIP,
)
from av_grading.signs.registry import signs
from av_grading.signs.sign import Sign
from av_screening.command_line.defaults import DEFAULT_WEIGHTS, N_VIEWS
from av_screening.read.limits import QualityLimits, ReadingLimits

CPU = Path("/proc/cpuinfo")
"""Where Linux tells what the processor can do."""

FLAG_ABOVE = 2.52
"""Flags two of a clinic's 34 eyes without hypertensive retinopathy or vein occlusion, by networks
that did not learn from them, and five of its eight hypertensive ones."""


OF_OWN_GRADERS = DecisionRule(prevalence=IN_USE)
"""How graders of the user's own decide, unless said otherwise: all alike, and nothing else."""
WITH_SHIPPED: Literal["with shipped graders"] = "with shipped graders"
"""Of `Settings.strip` and `Settings.decision`."""
PRECISIONS = ("float32", "bfloat16")
"""In which networks compute."""


@dataclass(frozen=True)
class Settings:
    """Everything that can change what comes out for a photograph.

    Attributes:
        detector: file of tools/release_weights.py.
        graders: files of `python -m av_grading.train`, by default the two shipped; none: crossings
            stay without grades.
        grader_n_views: flips of a patch that grades are the mean of, 1, 2 or 4; the time grows
            with it.
        map_n_views: mirror images of a photograph that its map is the mean of, likewise.
        close_up: file of `av-nicking train reading_head`: the second look; None:
            crossings are graded on the detector's map, and all of them.
        sign_strip: file of `av-nicking train sign_strip`: what is left to see of veins,
            with the second look; None: measured along the vein, less well.
        strip: file of `av-nicking train reading_strip`, which reads straightened veins, with the
            second look; None: not asked. By default the shipped one beside the shipped grader,
            and none beside others: these grade alone.
        gradable: what a crossing has to be like to be graded.
        decision: how much each network counts, how common the grades 0-3 are taken to be among
            gradable crossings, and how a grade follows. Members are "reading_strip",
            "reading_head", and graders by their files (`decision.member_names`). By default that
            of the shipped networks; graders of the user's own count alike, and nothing else does.
        flag_above: expected grade, 0-3, at the gradable crossing where it is highest, above which
            an eye is flagged.
        threshold: least score of a crossing, 0-1; None for what the detector's file says.
        precision: "float32" or "bfloat16", of features, map and graders.
        device: "cpu" or "cuda".
        threads: of one worker. Sums depend on it in their last digits.
        caliber: measure the veins' width by fits to their profiles.
        explain: draw where the graders looked.
        identity: keyword of the DICOM attribute to copy; empty for none.
        language: of the pages, one of `languages()`; tables and review files are the same in all.
        reading: limits on files.
        quality: limits on photographs.

    Raises:
        ValueError: a value that is none of these; says which, what was expected and found.
    """

    detector: Path = DEFAULT_WEIGHTS
    graders: tuple[Path, ...] = DEFAULT_GRADERS
    grader_n_views: int = 2
    map_n_views: int = 1
    close_up: Path | None = DEFAULT_CLOSE_UP
    sign_strip: Path | None = DEFAULT_SIGN_STRIP
    strip: Path | Literal["with shipped graders"] | None = WITH_SHIPPED
    gradable: GradableRule = field(default_factory=GradableRule)
    decision: DecisionRule | Literal["with shipped graders"] = WITH_SHIPPED
    flag_above: float = FLAG_ABOVE
    threshold: float | None = None
    precision: str = "float32"
    device: str = "cpu"
    threads: int = 1
    caliber: bool = False
    explain: bool = False
    identity: str = ""
    language: str = ENGLISH
    reading: ReadingLimits = field(default_factory=ReadingLimits)
    quality: QualityLimits = field(default_factory=QualityLimits)

    def __post_init__(self) -> None:
        choices: dict[str, tuple[object, ...]] = {
            "grader_n_views": VIEWS,
            "map_n_views": N_VIEWS,
            "precision": PRECISIONS,
            "device": ("cpu", "cuda"),
            "language": languages(),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                expected = ", ".join(map(str, allowed))
                raise ValueError(f"{name}: expected one of {expected}, found {getattr(self, name)}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold: expected a score of 0 to 1, found {self.threshold:g}")
        if self.threads < 1:
            raise ValueError(f"threads: expected at least 1, found {self.threads}")

    @property
    def own_graders(self) -> bool:
        """Graders are the user's own, and grade alone."""
        return bool(self.graders) and self.graders != DEFAULT_GRADERS

    @property
    def strip_file(self) -> Path | None:
        """Weights of what reads straightened veins; None for none."""
        if self.strip != WITH_SHIPPED:
            return self.strip
        return None if self.own_graders else DEFAULT_READING_STRIP

    @property
    def decision_rule(self) -> DecisionRule:
        """How grades are decided on."""
        if self.decision != WITH_SHIPPED:
            return self.decision
        return OF_OWN_GRADERS if self.own_graders else SHIPPED

    def signs(self) -> tuple[Sign, ...]:
        """What is measured of each crossing."""
        return tuple(sign for sign in signs() if self.caliber or sign.name != "caliber")

    def describe(self) -> dict[str, Any]:
        """As JSON takes it: weights by name and SHA-256, never by the user's folders."""
        values = dataclasses.asdict(self)
        values["detector"] = describe_weights(self.detector)
        values["close_up"] = self.close_up and describe_weights(self.close_up)
        values["sign_strip"] = self.sign_strip and describe_weights(self.sign_strip)
        values["strip"] = self.strip_file and describe_weights(self.strip_file)
        values["decision"] = dataclasses.asdict(self.decision_rule)
        values["graders"] = [describe_weights(path) for path in self.graders]
        return {"version": package_version(), **values}


def best_precision(device: str) -> str:
    """ "bfloat16" on a CPU that has instructions for it, else "float32", as on a GPU, whatever the
    processor beside it: what `av_detectron.predictor.bfloat16_is_fast` says, without importing
    torch where Linux can tell."""
    if device != "cpu":
        return "float32"
    try:
        flags = re.search(r"^flags\s*:(.*)$", CPU.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, ValueError):
        flags = None
    if flags is not None:
        return "bfloat16" if "avx512_bf16" in flags[1].split() else "float32"
    from av_detectron.predictor import bfloat16_is_fast

    return "bfloat16" if bfloat16_is_fast() else "float32"


def package_version() -> str:
    """Of this package: another one may write other outputs."""
    try:
        return version("av-nicking")
    except PackageNotFoundError:  # run from its sources
        return "unknown"


def describe_weights(path: Path) -> dict[str, str]:
    """Name and SHA-256 of a file.

    Raises:
        OSError: it cannot be read.
    """
    return {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def fingerprint(described: dict[str, Any]) -> str:
    """One word for all that changes what is said: results of another one are not reused. Not of the
    pages' language: what readers answer in two languages is of one run."""
    counted = {name: value for name, value in described.items() if name != "language"}
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()[:16]


def run_id(fingerprint: str, folder: Path) -> str:
    """Id of a run: the same when it is resumed, another for other settings or another folder.

    Args:
        fingerprint: of its settings.
        folder: of photographs; its name counts, so that it may be moved.
    """
    text = f"{fingerprint}\0{folder.resolve().name}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
