"""The pages of a run: its index, and the review page of each photograph.

Both are the same script and styles. The index opens photographs within itself, so that a whole
run's answers are kept in one place in every browser; a photograph's own page shows that one alone.
Nothing is fetched from a network: data and pictures are files below the output folder. Both are in
the language that is spoken when they are made, see `av_grading.languages.catalogue`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from av_grading.formats.grade_definition import MEANING
from av_grading.languages.catalogue import catalogue, language, translate
from av_grading.signs.read_sides import WORDS as SIDE_WORDS
from av_grading.signs.registry import findings
from av_screening.write.columns import crossings_columns, summary_columns
from av_screening.write.data_uri import data_uri
from av_screening.write.index_data import index_entry, json_lines
from av_screening.write.notice import NOTICE
from av_screening.write.standards import SIGNS_SHOWN, sign_pictures, standard_pictures

DATA = "review_data.js"
"""In a photograph's folder: what its review page shows."""


@cache
def environment() -> Environment:
    """Templates of this package, which escape whatever is put in."""
    found = Environment(
        loader=PackageLoader("av_screening"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["translate"] = translate
    return found


def review_page(run: str, record: Mapping[str, Any]) -> str:
    """HTML of a photograph's review page, which loads `DATA` from beside it.

    Args:
        run: the run's id.
        record: of the photograph, see `photograph_folder`.
    """
    entry = index_entry(record) | {"folder": "."}
    return (
        environment()
        .get_template("page.html")
        .render(name=entry["name"], photographs=json_lines([entry]), **_common(run))
    )


def review_script(data: Mapping[str, Any]) -> str:
    """`DATA`: a script, since a page that is opened as a file may load no other data."""
    return f"receivePhotograph({json.dumps(data, separators=(',', ':'), allow_nan=False)});\n"


def index_page(
    run: str,
    records: Iterable[Mapping[str, Any]],
    failures: Iterable[Mapping[str, object]],
    counts: Mapping[str, int],
) -> Iterator[str]:
    """HTML of a run's index, in parts: any number of photographs fits.

    Args:
        run: its id.
        records: of the photographs, see `photograph_folder`.
        failures: rows of failures.csv.
        counts: "done" and "failed".
    """
    return (
        environment()
        .get_template("index.html")
        .generate(
            photographs=json_lines(map(index_entry, records)),
            failures=json_lines(failures),
            counts=counts,
            **_common(run),
        )
    )


def _common(run: str) -> dict[str, Any]:
    standards = {grade: data_uri(p, "jpeg") for grade, p in standard_pictures().items()}
    shown = [
        (translate(SIGNS_SHOWN[sign]), data_uri(p, "jpeg")) for sign, p in sign_pictures().items()
    ]
    return {
        "notice": translate(NOTICE),
        "meaning": {grade: translate(text) for grade, text in MEANING.items()},
        "standards": standards,
        "sign_standards": shown,
        "settings": {
            "run": run,
            "language": language(),
            "texts": catalogue(language()).page,
            "meanings": {**summary_columns(), **crossings_columns()},
            "findings": [
                {
                    "name": finding.name,
                    "title": translate(finding.title),
                    "present": finding.present,
                    "strongest": finding.strongest,
                    "least": finding.least,
                }
                for finding in findings()
            ],
            "sides": dict(enumerate(map(translate, SIDE_WORDS))),
        },
    }
