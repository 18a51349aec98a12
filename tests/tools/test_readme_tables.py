"""README's tables are those of results/."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

NAMINGS = [("", ""), ("fpn_", ""), ("", "_minus_fpn")]


def test_readme_is_up_to_date(repo: Path) -> None:
    command = [sys.executable, str(repo / "tools" / "readme_tables.py"), "--check"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_results_files_say_where_they_come_from(repo: Path) -> None:
    for path in (repo / "results").glob("*.json"):
        content = json.loads(path.read_text())
        assert {"command", "commit", "seeds", "data", "metrics", "ci95"} <= set(content)
        assert all(isinstance(v, (int, float)) for v in content["metrics"].values())
        assert set(content["ci95"]) <= set(content["metrics"])
        assert all(low <= high for low, high in content["ci95"].values())


def test_tables_come_from_results(repo: Path, tmp_path: Path) -> None:
    path = repo / "tools" / "readme_tables.py"
    spec = importlib.util.spec_from_file_location("readme_tables", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names = [f"{p}{k}{s}" for k in module.DETECTOR_ROWS for p, s in NAMINGS]
    content = {
        "command": "python x.py",
        "commit": "0123456789abcdef",
        "seeds": [0],
        "metrics": {n: 0.25 for n in names},
        "ci95": {n: [0.2, 0.3] for n in names},
    }
    (tmp_path / "detector_drive.json").write_text(json.dumps(content))
    readme = "a\n<!-- table detector_drive -->\nold\n<!-- end detector_drive -->\nb\n"
    filled = module.fill(readme, tmp_path)
    assert "| box AP50 | .250 (.200 to .300) |" in filled
    assert "old" not in filled and filled.startswith("a\n") and filled.endswith("\nb\n")
    content["metrics"] = {k: 0.5 for k in module.DETECTOR_ROWS}
    (tmp_path / "detector_drive.json").write_text(json.dumps(content))
    assert "| | SAFPN |\n" in module.fill(readme, tmp_path)  # no baseline, no columns for it
    with pytest.raises(ValueError, match="needs"):
        module.fill(readme, tmp_path / "none")
    names = [*module.AV_ROWS, "av_accuracy_agreed"]
    content["metrics"] = {n: 0.5 for n in names}
    (tmp_path / "av_drive.json").write_text(json.dumps(content))
    filled = module.fill("<!-- table av_drive -->\n<!-- end av_drive -->\n", tmp_path)
    assert "| vessel Dice | .500 |  |" in filled and "pixels | .500 | .500 |" in filled
