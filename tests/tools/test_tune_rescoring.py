"""The second opinion's weight and the threshold are chosen on validation photographs alone."""

from collections.abc import Callable
from pathlib import Path

from av_detectron.config import load_config

RunTool = Callable[..., tuple[int, str, str]]


def copy_of(untrained: Path, folder: Path, *overrides: str) -> Path:
    cfg = load_config(untrained / "safpn_av.yaml", list(overrides))
    path = folder / "best.yaml"
    path.write_text(cfg.dump())
    return path


def test_writes_the_best_weight_and_its_threshold(
    untrained: Path, tmp_path: Path, run_tool: RunTool
) -> None:
    path = copy_of(untrained, tmp_path)
    code, out, err = run_tool("tune_rescoring.py", "--detector", str(path), "--weights", "0", "3")
    assert code == 0, err
    tried = [line for line in out.splitlines() if line.startswith("weight")]
    assert len(tried) == 2
    keys = load_config(path, []).TEST.CROSSPOS  # which takes no whole number for a weight
    assert keys.RESCORING_WEIGHT in (0, 3) and f"{keys.SCORE_THRESHOLD:.3f}" in out
    assert keys.SCORE_THRESHOLD != 0.25


def test_test_photographs_are_refused(untrained: Path, tmp_path: Path, run_tool: RunTool) -> None:
    path = copy_of(untrained, tmp_path, "DATASETS.TEST", "('crosspos_phantom_test',)")
    before = path.read_text()
    code, _, err = run_tool("tune_rescoring.py", "--detector", str(path))
    assert code == 1 and "expected validation sets, found ['crosspos_phantom_test']" in err
    assert path.read_text() == before
    path = copy_of(untrained, tmp_path, "DATASETS.TEST", "()")
    code, _, err = run_tool("tune_rescoring.py", "--detector", str(path))
    assert code == 1 and "expected validation sets, found none" in err
