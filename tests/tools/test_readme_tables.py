"""README's tables are those of results/."""

import json
import subprocess
import sys
from pathlib import Path

RESULTS = ["detector_drive"]


def test_readme_is_up_to_date(repo: Path) -> None:
    command = [sys.executable, str(repo / "tools" / "readme_tables.py"), "--check"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_results_files_say_where_they_come_from(repo: Path) -> None:
    for name in RESULTS:
        content = json.loads((repo / "results" / f"{name}.json").read_text())
        assert {"command", "commit", "seeds", "data", "metrics", "ci95"} <= set(content)
        assert all(isinstance(v, (int, float)) for v in content["metrics"].values())
        assert set(content["ci95"]) <= set(content["metrics"])
        assert all(low <= high for low, high in content["ci95"].values())
