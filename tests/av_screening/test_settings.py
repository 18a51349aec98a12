"""Settings, and what importing them costs."""

import subprocess
import sys
from pathlib import Path

import pytest

from av_detectron.predictor import bfloat16_is_fast
from av_screening import settings
from av_screening.settings import best_precision


def test_precision_is_what_torch_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    best = "bfloat16" if bfloat16_is_fast() else "float32"
    assert best_precision("cpu") == best
    monkeypatch.setattr(settings, "CPU", tmp_path / "none")  # not Linux
    assert best_precision("cpu") == best
    cpu = tmp_path / "cpuinfo"
    monkeypatch.setattr(settings, "CPU", cpu)
    for flags, expected in (("fpu avx512_bf16 aes", "bfloat16"), ("fpu avx2", "float32")):
        cpu.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t: none\n")
        assert best_precision("cpu") == expected
        assert best_precision("cuda") == "float32"


@pytest.mark.parametrize("module", ["av_screening.run.folder", "av_screening.command_line.screen"])
def test_what_starts_workers_needs_no_torch(module: str) -> None:
    """A run's parent, and a worker with nothing left to do, would pay seconds for it."""
    heavy = {"torch", "detectron2", "av_detectron", "pandas", "matplotlib", "scipy", "sklearn"}
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_screening_imports_no_more_than_it_needs() -> None:
    heavy = {"captum", "sklearn", "matplotlib", "pandas", "scipy.io", "scipy.stats"}
    code = f"import sys, av_screening.steps.pipeline; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
