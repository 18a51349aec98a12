"""Results files: all that is needed to make the figures again."""

import json
import subprocess
from pathlib import Path

import pytest

from av_detectron.formats.results import committed_file, current_commit, write_results


def test_results_file(tmp_path: Path) -> None:
    path = tmp_path / "results" / "x.json"
    write_results(
        path, metrics={"a": 0.1234567}, ci95={"a": [0, 1]}, seeds=[0], data=["1.png"], more=3
    )
    content = json.loads(path.read_text())
    assert set(content) == {"command", "commit", "seeds", "data", "metrics", "ci95", "more"}
    assert content["metrics"] == {"a": 0.12346} and content["ci95"] == {"a": [0, 1]}
    assert content["command"].startswith("python ")


def test_the_commit_says_whether_anything_but_results_has_changed(tmp_path: Path) -> None:
    package = tmp_path / "package" / "formats"
    package.mkdir(parents=True)
    (tmp_path / "results").mkdir()
    assert current_commit(package) == "unknown"

    def git(*arguments: str) -> str:
        user = ["-c", "user.name=x", "-c", "user.email=x@y"]
        command = ["git", "-C", str(tmp_path), *user, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    git("commit", "--allow-empty", "-m", "x")
    commit = git("rev-parse", "HEAD")
    (tmp_path / "results" / "x.json").write_text("{}")
    (tmp_path / "README.md").write_text("tables")
    assert current_commit(package) == commit
    (tmp_path / "setup.py").write_text("")  # beside the package, not in it
    assert current_commit(package) == f"{commit}+changes"


def test_a_file_of_the_history(tmp_path: Path, repo: Path) -> None:
    assert committed_file("a/b.safetensors", tmp_path) == Path("a/b.safetensors")
    found = committed_file("HEAD:CITATION.cff", tmp_path)
    assert found.parent == tmp_path and "cff-version" in found.read_text()
    with pytest.raises(ValueError, match=r"HEAD:none\.txt: expected a file, or COMMIT:FILE"):
        committed_file("HEAD:none.txt", tmp_path)
