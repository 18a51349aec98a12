"""The wheel: what is in it, and that it screens in an empty folder, far from the checkout.

python -m pytest -m slow tests/av_screening/command_line/test_wheel.py
"""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from av_detectron.data.phantom import make_phantom

SHOW = """
from importlib.util import find_spec
from av_grading.formats.config_file import CONFIGS
print(*(find_spec(f"av_{name}").origin for name in ("detectron", "grading", "screening")), CONFIGS)
"""
"""Where the packages and the graders' configs lie."""


@pytest.fixture(scope="module")
def wheel(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the files that git knows, so that nothing left lying about is packed."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "-C", repo, "ls-files", "-z"], capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if name.startswith(("av_", "configs/")) or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).symlink_to(repo / name)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", str(target), str(source)], check=True)
    return next(target.glob("*.whl"))


def test_configs_templates_and_weights_are_packed(wheel: Path, repo: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
        points = next(name for name in packed if name.endswith("entry_points.txt"))
        assert "av-nicking = av_screening.command_line.main:main" in archive.read(points).decode()
    for path in (repo / "configs").rglob("*.yaml"):
        name = path.relative_to(repo / "configs").as_posix()
        home = "av_grading" if name.startswith("grading/") else "av_detectron"
        assert f"{home}/configs/{name.removeprefix('grading/')}" in packed
    for package in ("av_detectron", "av_grading", "av_screening"):
        kinds = {".py", ".html", ".css", ".js", ".json", ".safetensors", ".typed"}
        for path in (repo / package).rglob("*"):
            if path.suffix in kinds or path.name == "py.typed":
                assert path.relative_to(repo).as_posix() in packed
    assert not any(name.startswith(("tools/", "datasets/", "tests/")) for name in packed)


@pytest.mark.slow
def test_screens_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """In a new environment that borrows the large dependencies, and not this checkout."""
    new = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(new)], check=True)
    scripts = new / ("Scripts" if os.name == "nt" else "bin")
    python = str(scripts / "python")
    paths = {"base": str(new), "platbase": str(new)}
    packages = Path(sysconfig.get_path("purelib", vars=paths))
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps"]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True, cwd=tmp_path)
    # Lines of a .pth come after the environment's own packages, and those in it are not followed.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    empty = tmp_path / "empty"
    (empty / "photographs").mkdir(parents=True)
    Image.fromarray(make_phantom(0, 300).image).save(empty / "photographs" / "a.png")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    options = {"env": environment, "cwd": empty, "capture_output": True, "text": True}
    shown = subprocess.run([python, "-c", SHOW], **options)
    homes = shown.stdout.split()
    assert len(homes) == 4 and all(h.startswith(str(packages)) for h in homes), shown.stderr
    assert Path(homes[-1], "cpu", "two_stream.yaml").is_file()
    command = [str(scripts / "av-nicking"), "screen", "photographs", "--output", "out"]
    done = subprocess.run([*command, "--workers", "1"], **options)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    assert (empty / "out" / "index.html").is_file() and "1 photographs screened" in done.stdout
