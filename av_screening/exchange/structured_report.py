"""A photograph's grades as a DICOM Structured Report of template TID 1500.

The report belongs to the photograph's study and so carries the patient's attributes, as DICOM asks
for; nothing else that this package writes does. Needs highdicom (the extra `dicom-sr`).
"""

from collections.abc import Sequence
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

from av_screening.exchange.run_coco import Crossing
from av_screening.settings import package_version

NAME = "AV Nicking"
FINDING = CodedConcept("HP:6001216", "99HPO", "Retinal arteriovenous nicking")
"""Of the Human Phenotype Ontology, which is none of DICOM's own coding schemes: hence the 99."""
SEVERITY = CodedConcept("246112005", "SCT", "Severity")
GRADES = (
    CodedConcept("260413007", "SCT", "None"),
    CodedConcept("255604002", "SCT", "Mild"),
    CodedConcept("6736007", "SCT", "Moderate"),
    CodedConcept("24484000", "SCT", "Severe"),
)
"""Severity of grades 0-3."""
RETINA = CodedConcept("5665001", "SCT", "Retina")
SIDES = {"R": CodedConcept("24028007", "SCT", "Right"), "L": CodedConcept("7771000", "SCT", "Left")}
PROCEDURE = CodedConcept("crossings", "99AVN", "Grading of arteriovenous crossings")
SCORE = CodedConcept("score", "99AVN", "Score of the detected crossing")
NEEDED = (
    "Modality StudyInstanceUID SeriesInstanceUID SOPInstanceUID SOPClassUID PatientID PatientName "
    "PatientBirthDate PatientSex AccessionNumber StudyID StudyDate StudyTime Rows Columns"
).split()
"""Attributes of a photograph that its report takes over; their values may be empty."""


def structured_report(
    photograph: Any, crossings: Sequence[Crossing], scores: Sequence[float]
) -> ComprehensiveSR:
    """The report of one photograph: per graded crossing a region, the finding and its severity.

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
            measurements=[Measurement(SCORE, score, codes.UCUM.NoUnits)],
            qualitative_evaluations=[QualitativeEvaluation(SEVERITY, GRADES[crossing.grade])],
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


def _corners(crossing: Crossing, photograph: Any) -> np.ndarray[Any, Any]:
    """Corners of a box, closed, (5, 2): columns and rows, 0 at the first pixel's outer edge, as
    DICOM counts."""
    x, y, width, height = crossing.box
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    most = float(photograph.Columns), float(photograph.Rows)
    return np.asarray(np.clip(np.array(corners, float), 0, most))
