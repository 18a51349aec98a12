"""Which files of a folder are screened."""

from pathlib import Path

from av_screening.read.find_photographs import find_photographs


def test_photographs_are_found_in_order_and_outputs_left_out(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.TIF", "a.gif", ".hidden.png", "c.txt", "out/overlay.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = find_photographs(tmp_path, without=tmp_path / "out")
    assert [str(path) for path in found] == ["a.gif", "b/1.TIF", "b/2.png"]


def test_what_earlier_runs_wrote_is_no_photograph(tmp_path: Path) -> None:
    names = ["1.png", "photographs/2.png", "run/photographs/1.png/overlay.png", "run/run.json"]
    names += ["stopped/photographs/1.png/overlay.png", "stopped/.lock"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(b"")
    found = find_photographs(tmp_path, without=tmp_path / "out")
    assert [str(path) for path in found] == ["1.png", "photographs/2.png"]
