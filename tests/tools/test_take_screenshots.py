"""The documentation's pictures of pages, taken again by one command."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image


@pytest.mark.slow
@pytest.mark.browser
def test_both_pages_are_taken(tmp_path: Path, repo: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium here: apt-get install chromium")
    command = [sys.executable, "tools/take_screenshots.py", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr
    for name in ("index", "review"):
        picture = tmp_path / f"{name}.jpg"
        with Image.open(picture) as image:
            assert image.width == 1440
        assert picture.stat().st_size < 250_000
