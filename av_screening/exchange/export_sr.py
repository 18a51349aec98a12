"""Write a DICOM Structured Report (TID 1500) for each photograph of a run that came as DICOM.

    av-nicking export-sr out --photographs photographs --output reports

Each report belongs to its photograph's study and names its patient, as DICOM asks for; no other
output does. Photographs in other formats are left out. Needs highdicom:
pip install 'av-nicking[dicom-sr]'. For research, not diagnosis.
Exit codes: 0 done, 1 some photographs or the run failed, 2 wrong usage.
"""

import argparse
import io
import sys
from pathlib import Path
from typing import Any

from av_grading.command_line import exit_code


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("run", type=Path, help="folder of a run")
    add("--photographs", type=Path, required=True, help="the folder that was screened")
    add("--output", type=Path, required=True, help="folder to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = make_parser().parse_args(argv)
    return exit_code(lambda: export_reports(args.run, args.photographs, args.output))


def export_reports(folder: Path, photographs: Path, output: Path) -> int:
    """Write <output>/<photograph's folder name>.dcm; 1 where one could not be written."""
    try:
        from av_screening.exchange.structured_report import structured_report
    except ImportError as error:
        raise ValueError(
            "Structured Reports need highdicom: pip install 'av-nicking[dicom-sr]'"
        ) from error
    from av_grading.formats.files import write_whole
    from av_screening.exchange.run_coco import crossings_of
    from av_screening.run.finished_run import FinishedRun

    run = FinishedRun.read(folder)
    found = crossings_of(run)
    scores = run.crossings.set_index(["photograph", "crossing"])["score"]
    written = failed = others = 0
    for photograph, place in run.folders.items():
        dataset = _header(photographs / photograph)
        if dataset is None:
            others += 1
            continue
        crossings = [c for c in found.values() if c.photograph == photograph]
        known = [float(scores.loc[(photograph, c.number)]) for c in crossings]
        try:
            report = structured_report(dataset, crossings, known)
        except ValueError as error:
            failed += 1
            print(f"no report: {photograph}: {error}", file=sys.stderr)
            continue
        buffer = io.BytesIO()
        report.save_as(buffer, enforce_file_format=True)
        write_whole(output / f"{place.name}.dcm", buffer.getvalue())
        written += 1
    print(f"{written} reports, {others} photographs are not DICOM, {failed} failed: {output}")
    return 1 if failed else 0


def _header(path: Path) -> Any:
    """A photograph's dataset without pixels; None where it is no DICOM file.

    Raises:
        ValueError: it cannot be read; says nothing of what is in it.
    """
    import pydicom

    from av_screening.read.dicom import is_dicom

    try:
        with path.open("rb") as file:
            if not is_dicom(file.read(132)):
                return None
        return pydicom.dcmread(path, stop_before_pixels=True)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    except Exception as error:  # whatever its parser trips over, without its text
        raise ValueError(f"{path}: DICOM cannot be read ({type(error).__name__})") from None


if __name__ == "__main__":
    sys.exit(main())
