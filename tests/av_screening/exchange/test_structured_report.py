"""DICOM Structured Reports of photographs that came as DICOM."""

from pathlib import Path

import pandas as pd
import pytest

from av_screening.exchange import export_sr
from tests.av_screening.run_folder import Drawn, write_run

pydicom = pytest.importorskip("pydicom")
pytest.importorskip("highdicom", reason="the extra `dicom-sr` is not installed")

STUDY = {"StudyInstanceUID": "1.2.4", "AccessionNumber": "", "StudyID": "", "StudyTime": ""}
STUDY |= {"StudyDate": "20260101", "PatientSex": "", "SeriesInstanceUID": "1.2.5", "Modality": "OP"}
DRAWN = [Drawn("a.dcm", n, 60.0 + 40 * n, 80, grade) for n, grade in enumerate((0, 3, None))]


def write_dicom(path: Path, **more: object) -> None:
    from pydicom.uid import ExplicitVRLittleEndian, OphthalmicPhotography8BitImageStorage

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = OphthalmicPhotography8BitImageStorage
    data.SOPClassUID, data.SOPInstanceUID = OphthalmicPhotography8BitImageStorage, "1.2.3"
    data.PatientName, data.PatientID, data.PatientBirthDate = "Secret^Person", "id-17", "19340512"
    data.Rows, data.Columns = 300, 320
    for name, value in more.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "out", [*DRAWN, Drawn("b.png", 0, 60, 80, 1)])


def test_report_has_the_finding_and_its_severity(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photographs = tmp_path / "photographs"
    write_dicom(photographs / "a.dcm", ImageLaterality="R", **STUDY)
    given = [str(run), "--photographs", str(photographs), "--output", str(tmp_path / "reports")]
    assert export_sr.main(given) == 0
    assert "1 reports, 1 photographs are not DICOM, 0 failed" in capsys.readouterr().out
    report = pydicom.dcmread(tmp_path / "reports" / "a.dcm.dcm")
    assert report.StudyInstanceUID == "1.2.4" and report.PatientID == "id-17"
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    items = list(walk(report.ContentSequence))
    values = [i.ConceptCodeSequence[0] for i in items if "ConceptCodeSequence" in i]
    assert [v.CodeMeaning for v in values if v.CodeValue == "HP:6001216"] == [
        "Arteriovenous crossing sign"
    ] * 2
    meanings = [v.CodeMeaning for v in values]
    assert [m for m in meanings if m in ("None", "Mild", "Moderate", "Severe")] == [
        "None",
        "Severe",
    ]
    assert "Right" in meanings
    regions = [list(i.GraphicData) for i in items if "GraphicData" in i]
    assert regions[0] == [55.5, 75.5, 65.5, 75.5, 65.5, 85.5, 55.5, 85.5, 55.5, 75.5]
    others = [p.read_bytes() for p in run.rglob("*") if p.is_file()]
    assert not any(b"Secret" in content or b"id-17" in content for content in others)


def test_report_tells_each_sign(tmp_path: Path, run: Path) -> None:
    path = run / "crossings.csv"
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    said = {"deflection_answer": "present", "deflection_degrees": "48.0", "gradable": "1"}
    said |= {
        "concealment_answer": "questionable",
        "contrast_first": "0.7",
        "contrast_second": "0.6",
    }
    table.assign(**said, nicking_answer="present").to_csv(path, index=False)
    write_dicom(tmp_path / "photographs" / "a.dcm", ImageLaterality="L", **STUDY)
    given = [str(run), "--photographs", str(tmp_path / "photographs")]
    assert export_sr.main([*given, "--output", str(tmp_path / "reports")]) == 0
    report = pydicom.dcmread(tmp_path / "reports" / "a.dcm.dcm")
    found = {}
    for item in walk(report.ContentSequence):
        name = item.ConceptNameCodeSequence[0]
        if "ConceptCodeSequence" in item:
            found[name.CodeValue] = item.ConceptCodeSequence[0].CodeMeaning
        if "MeasuredValueSequence" in item:
            value = item.MeasuredValueSequence[0]
            unit = value.MeasurementUnitsCodeSequence[0].CodeValue
            found[f"{name.CodeValue} {unit}"] = float(value.NumericValue)
    assert found["deflection"] == found["nicking_answer"] == "Present"
    assert found["concealment"] == "Equivocal"
    assert found["deflection deg"] == 48 and found["concealment {ratio}"] == 0.6


def test_codes_are_those_of_a_coding_table_or_marked_as_private() -> None:
    from pydicom.sr._concepts_dict import concepts

    from av_grading.signs.registry import findings
    from av_screening.exchange import structured_report as sr

    private = [sr.private_code(finding) for finding in findings()]
    assert len({code.value for code in private}) == len(private)
    shared = [*sr.GRADES, *sr.ANSWER_CODES.values(), *sr.UNIT_CODES.values(), *sr.SIDES.values()]
    shared += [sr.SEVERITY, sr.RETINA]
    for code in [*shared, *private, sr.FINDING, sr.PROCEDURE, sr.SCORE, sr.NICKING]:
        if code.scheme_designator.startswith("99"):
            assert code in [*private, sr.FINDING, sr.PROCEDURE, sr.SCORE, sr.NICKING]
            assert len(code.value) <= 16 and len(code.meaning) <= 64
            continue
        known = concepts[code.scheme_designator]
        assert any(code.value in names for names in known.values()), code


def test_what_is_missing_is_named_without_a_value(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photographs = tmp_path / "photographs"
    write_dicom(photographs / "a.dcm")
    given = [str(run), "--photographs", str(photographs), "--output", str(tmp_path / "reports")]
    assert export_sr.main(given) == 1
    said = capsys.readouterr().err
    assert "a.dcm: expected the DICOM attributes Modality, StudyInstanceUID, Series" in said
    assert "Secret" not in said and not (tmp_path / "reports").exists()


def walk(items: object) -> object:
    for item in items:  # type: ignore[attr-defined]
        yield item
        yield from walk(item.get("ContentSequence", []))
