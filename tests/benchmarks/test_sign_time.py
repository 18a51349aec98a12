"""A photograph's time with signs and without."""

import json
from pathlib import Path

import pytest

import benchmarks.sign_time as sign_time
from av_detectron.data.phantom import make_phantom
from av_screening.run.screen_photograph import Outcome, Task
from tests.av_screening.conftest import encode


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    (folder / "a.png").write_bytes(encode(make_phantom(seed=0, fov_diameter=300).image))
    return folder


def test_signs_are_what_differs(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, screen = {}, sign_time.screen_photograph

    def watched(task: Task) -> Outcome:
        outcome = screen(task)
        (table,) = task.output.rglob("photographs/*/crossings.csv")
        tables[task.fingerprint] = [line.split(",") for line in table.read_text().splitlines()]
        return outcome

    monkeypatch.setattr(sign_time, "screen_photograph", watched)
    output = tmp_path / "time.json"
    assert sign_time.main([str(photographs), "--rounds", "1", "--output", str(output)]) == 0
    assert json.loads(output.read_text())["metrics"]["with_over_without_signs"] > 0.5
    (names, *rows), (_, *without) = tables["with"], tables["without"]
    assert len(rows) == len(without) > 0
    at = names.index("deflection_not_measurable")
    measured = names.index("deflection_degrees")
    assert any(row[at] or row[measured] for row in rows)
    assert not any(row[at] or row[measured] for row in without)


def test_what_is_not_screened_stops_it(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photographs / "b.png").write_text("no picture")
    given = [str(photographs), "--output", str(tmp_path / "time.json")]
    assert sign_time.main(given) == 1
    assert "b.png" in capsys.readouterr().err
