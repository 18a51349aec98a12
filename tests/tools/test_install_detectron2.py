"""The installer: what it mends, what it refuses, and that it leaves a working one alone."""

import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from av_screening.command_line import install_detectron2


@pytest.fixture
def installer() -> ModuleType:
    return install_detectron2


def test_a_working_detectron2_is_left_alone(repo: Path) -> None:
    command = [sys.executable, str(repo / "tools" / "install_detectron2.py")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0
    assert "is installed and works here: left as it is" in run.stdout


def test_mends(installer: ModuleType) -> None:
    source = "x.astype(np.bool); np.bool_(1); np.float32; np.int; np.object; Image.LINEAR"
    mended = "x.astype(bool); np.bool_(1); np.float32; int; object; Image.BILINEAR"
    assert installer.mend(source) == mended
    source = "shift_y, shift_x = torch.meshgrid(shifts_y, shifts_x)"
    mended = 'shift_y, shift_x = torch.meshgrid(shifts_y, shifts_x, indexing="ij")'
    assert installer.mend(source) == installer.mend(mended) == mended


def test_stub_says_what_is_missing(installer: ModuleType) -> None:
    stub = ModuleType("stub")
    exec(installer.STUB, stub.__dict__)  # our own text, as it is written into the wheel
    with pytest.raises(ImportError, match=r"detectron2\._C\.nms_rotated needs .* compiled"):
        _ = stub.nms_rotated
    assert not hasattr(stub, "__path__")


def test_another_file_is_refused(installer: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "pb1-detectron2-0.6.tar.gz"
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="expected SHA-256 5d2e9e51"):
        installer.verify(path)


def test_wheel(installer: ModuleType, tmp_path: Path) -> None:
    root = tmp_path / "pb1-detectron2-0.6"
    (root / "detectron2").mkdir(parents=True)
    (root / "detectron2" / "__init__.py").write_text("x = np.bool\n")
    (root / "LICENSE").write_text("Apache\n")
    for name, folder in installer.PROJECTS.items():
        project = root / "projects" / folder / name
        project.mkdir(parents=True)
        (project / "__init__.py").write_text("")
    wheel = installer.build_wheel(root, tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("detectron2/__init__.py") == b"x = bool\n"
        assert "detectron2/projects/point_rend/__init__.py" in archive.namelist()
        assert "detectron2/_C.py" in archive.namelist()
        record = archive.read("detectron2-0.6.dist-info/RECORD").decode()
        assert len(record.splitlines()) == len(archive.namelist())
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target"]
    subprocess.run([*pip, str(target), str(wheel)], check=True)
    assert (target / "detectron2" / "_C.py").is_file()
