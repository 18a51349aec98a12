"""A photograph's grades and signs as a DICOM Structured Report of template TID 1500.

Codes of SNOMED CT, DICOM and UCUM are taken from the coding tables that pydicom ships, which have
none for the signs of nicking: these are private codes (99AVN), and the Human Phenotype Ontology's
code for the sign as a whole is marked as one that DICOM does not know (99HPO).

The report belongs to the photograph's study and so carries the patient's attributes, as DICOM asks
for; nothing else that this package writes does. Needs highdicom (the extra `dicom-sr`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    GraphicTypeValues,
    ImageRegion,
    Measurement,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    SourceImageForRegion,
    TrackingIdentifier,
)
from highdicom.uid import UID
from pydicom.sr.codedict import codes

from av_grading.signs.registry import findings
from av_grading.signs.sign import Finding
from av_screening.exchange.run_coco import ANSWER, Crossing
from av_screening.settings import package_version

NAME = "AV Nicking"
FINDING = CodedConcept("HP:6001216", "99HPO", "Arteriovenous crossing sign")
"""Of the Human Phenotype Ontology, which is none of DICOM's own coding schemes: hence the 99."""
SEVERITY = codes.SCT.Severity
GRADES = (codes.SCT.None_, codes.SCT.Mild, codes.SCT.Moderate, codes.SCT.Severe)
"""Severity of grades 0-3."""
ANSWER_CODES = {
    "absent": codes.SCT.Absent,
    "questionable": codes.SCT.Equivocal,
    "present": codes.SCT.Present,
}
"""Of a sign, and of nicking as a reading centre's form has it."""
UNIT_CODES = {"degrees": codes.UCUM.Degree}
"""Of measured signs; the others are ratios, or have no unit."""
RATIOS = ("share", "vein_widths")
RETINA = codes.SCT.Retina
SIDES = {"R": codes.SCT.Right, "L": codes.SCT.Left}
PROCEDURE = CodedConcept("crossings", "99AVN", "Grading of arteriovenous crossings")
NICKING = CodedConcept("nicking_answer", "99AVN", "Nicking, as a reading centre answers")
SCORE = CodedConcept("score", "99AVN", "Score of the detected crossing")
NEEDED = (
    "Modality StudyInstanceUID SeriesInstanceUID SOPInstanceUID SOPClassUID PatientID PatientName "
    "PatientBirthDate PatientSex AccessionNumber StudyID StudyDate StudyTime Rows Columns"
).split()
"""Attributes of a photograph that its report takes over; their values may be empty."""


def structured_report(
    photograph: Any, crossings: Sequence[Crossing], scores: Sequence[float]
) -> ComprehensiveSR:
    """The report of one photograph: per graded crossing a region, the finding, its severity, and
    the signs: whether each is there, and how strong.

    Severity None says that the crossing was looked at and has no nicking.

    Args:
        photograph: pydicom's dataset, of which `NEEDED` attributes are used, never pixels.
        crossings: of the photograph; those without a grade or not gradable are left out.
        scores: of the crossings.

    Raises:
        ValueError: the photograph lacks an attribute; names it, without any value.
    """
    missing = [name for name in NEEDED if name not in photograph]
    if missing:
        raise ValueError(f"expected the DICOM attributes {', '.join(missing)}, found none")
    side = SIDES.get(str(photograph.get("ImageLaterality") or photograph.get("Laterality") or ""))
    version = package_version()
    algorithm = AlgorithmIdentification(NAME, version)
    groups = [
        PlanarROIMeasurementsAndQualitativeEvaluations(
            TrackingIdentifier(UID(), f"crossing {crossing.number}"),
            ImageRegion(
                GraphicTypeValues.POLYLINE,
                _corners(crossing, photograph),
                SourceImageForRegion.from_source_image(photograph),
            ),
            finding_type=FINDING,
            algorithm_id=algorithm,
            finding_sites=[FindingSite(RETINA, side)],
            measurements=[
                Measurement(SCORE, score, codes.UCUM.NoUnits),
                *_strengths(crossing.signs),
            ],
            qualitative_evaluations=[
                QualitativeEvaluation(SEVERITY, GRADES[crossing.grade]),
                *_answers(crossing.signs),
            ],
        )
        for crossing, score in zip(crossings, scores, strict=True)
        if crossing.grade is not None and crossing.gradable is not False
    ]
    device = DeviceObserverIdentifyingAttributes(UID(), name=NAME, model_name=version)
    content = MeasurementReport(
        ObservationContext(observer_device_context=ObserverContext(codes.DCM.Device, device)),
        PROCEDURE,
        groups,
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=[photograph],
    )
    return ComprehensiveSR(
        [photograph], content, UID(), 1, UID(), 1, manufacturer=NAME, is_complete=True
    )


def _answers(signs: Mapping[str, str | float]) -> list[QualitativeEvaluation]:
    """Nicking as a whole, and each sign that is answered."""
    names = {ANSWER: NICKING}
    names |= {f.answer: private_code(f) for f in findings() if f.answer}
    return [
        QualitativeEvaluation(name, ANSWER_CODES[str(signs[column])])
        for column, name in names.items()
        if signs.get(column) in ANSWER_CODES
    ]


def _strengths(signs: Mapping[str, str | float]) -> list[Measurement]:
    """The strongest value of each sign that was measured."""
    found = []
    for finding in findings():
        strength = finding.strength(signs)
        if strength is not None:
            other = codes.UCUM.Ratio if finding.unit in RATIOS else codes.UCUM.NoUnits
            unit = UNIT_CODES.get(finding.unit, other)
            found.append(Measurement(private_code(finding), strength, unit))
    return found


def private_code(finding: Finding) -> CodedConcept:
    """A sign's code, of which coding tables have none."""
    return CodedConcept(finding.name[:16], "99AVN", finding.title[:64])


def _corners(crossing: Crossing, photograph: Any) -> np.ndarray[Any, Any]:
    """Corners of a box, closed, (5, 2): columns and rows, 0 at the first pixel's outer edge, as
    DICOM counts."""
    x, y, width, height = crossing.box
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    most = float(photograph.Columns), float(photograph.Rows)
    return np.asarray(np.clip(np.array(corners, float), 0, most))
