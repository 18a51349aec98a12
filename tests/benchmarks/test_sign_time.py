"""A photograph's time with signs and without."""

import json
from pathlib import Path

import pytest

import benchmarks.sign_time as sign_time
from av_detectron.data.phantom import make_phantom
from av_screening.run.screen_photograph import Outcome, Task
from benchmarks.screening import gather
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


def test_the_first_photographs_of_several_folders(photographs: Path, tmp_path: Path) -> None:
    for name in ("b.png", "c.png"):
        (photographs / name).write_bytes((photographs / "a.png").read_bytes())
    other = tmp_path / "other"
    other.mkdir()
    (other / "d.png").write_bytes((photographs / "a.png").read_bytes())
    found = gather([photographs, other], 2, tmp_path / "both")
    assert [path.name for path in found] == ["a.png", "b.png", "d.png"]
    assert all(path.parent == tmp_path / "both" and path.is_file() for path in found)
    with pytest.raises(ValueError, match=r"a\.png: expected names that differ"):
        gather([photographs, photographs], 2, tmp_path / "again")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: expected photographs, found none"):
        gather([tmp_path / "empty"], 2, tmp_path / "none")


def test_what_is_not_screened_stops_it(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photographs / "b.png").write_text("no picture")
    given = [str(photographs), "--output", str(tmp_path / "time.json")]
    assert sign_time.main(given) == 1
    assert "b.png" in capsys.readouterr().err
