"""What there is, from the tables that commands read, without torch."""

import hashlib
import json
import subprocess
import sys

import pytest

from av_detectron.data.photograph_sets import PHOTOGRAPH_SETS
from av_grading.models.registry import ARCHITECTURES, DEFAULT_GRADER, TRAININGS
from av_screening.command_line import info
from av_screening.command_line.main import COMMANDS
from av_screening.write.columns import FAILURES, crossings_columns, summary_columns

LOOK = """
import contextlib, io, json, sys
from av_screening.command_line.info import main
with contextlib.redirect_stdout(io.StringIO()) as out:
    code = main([])
print(json.dumps([code, out.getvalue(), sorted(n for n in sys.modules if "." not in n)]))
"""


def test_everything_is_listed_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    code, out, imported = json.loads(done.stdout)
    assert code == 0
    assert not {"torch", "torchvision", "detectron2", "av_detectron", "timm"} & set(imported)
    lines = [line.strip() for line in out.splitlines()]
    firsts = {line.split("  ")[0] for line in lines}
    names = [c.name for c in COMMANDS] + [s.name for s in PHOTOGRAPH_SETS]
    names += [*ARCHITECTURES, "detector", *crossings_columns(), *summary_columns(), *FAILURES]
    assert set(names) <= firsts
    assert {f"{name}:" for name in info.LISTS} <= firsts
    for training in TRAININGS.values():
        assert f"training av-nicking train {training.name} --config {training.config}" in lines


def test_one_list_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert info.main(["models"]) == 0
    out = capsys.readouterr().out
    content = DEFAULT_GRADER.read_bytes()
    size, digest = len(content) / 1e6, hashlib.sha256(content).hexdigest()[:12]
    assert f"{DEFAULT_GRADER.name}, {size:.1f} MB, sha256 {digest}" in out
    assert "crossings.csv" not in out and out.startswith("models:\n")
    with pytest.raises(SystemExit) as end:
        info.main(["weights"])
    assert end.value.code == 2


def test_missing_weights_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "av_screening.command_line.defaults.DEFAULT_WEIGHTS", DEFAULT_GRADER.with_name("none")
    )
    assert info.main(["models"]) == 1
    out, err = capsys.readouterr()
    assert not out and err.startswith("stopped: ") and "none" in err
