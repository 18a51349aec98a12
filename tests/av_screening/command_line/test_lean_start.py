"""What a screening run imports: nothing that takes seconds and that it does not use."""

import subprocess
import sys
from pathlib import Path

import pytest

from av_screening.command_line.screen import default_workers
from tests.av_screening.conftest import encode

HEAVY = (
    *("torch._dynamo", "torch._inductor", "torch.utils.tensorboard", "sympy", "triton"),
    *("torchvision.models", "torchvision.datasets", "torchvision.transforms", "torchvision.io"),
    *("timm", "huggingface_hub", "captum"),
    *("detectron2.engine", "detectron2.utils.visualizer", "detectron2.evaluation"),
    *("pandas", "sklearn", "scipy.optimize", "scipy.stats", "scipy.io"),
    *("matplotlib", "tensorboard", "tqdm.contrib", "pyarrow", "ray"),
)
"""That the models and steps of screening do without. torch's compiler alone takes as long as torch,
and of torchvision nothing is used but its operators."""
RUN = """
import multiprocessing.process, sys
from av_screening.command_line.main import main

def start(self):
    raise AssertionError("expected one process")

multiprocessing.process.BaseProcess.start = start
code = main(["screen", *sys.argv[2:]])
print("imported:", *(name for name in sys.argv[1].split() if name in sys.modules))
sys.exit(code)
"""


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_photograph_is_screened_in_one_process_that_imports_nothing_heavy(
    tmp_path: Path, eye
) -> None:
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "eye.png").write_bytes(encode(eye))
    arguments = map(str, [tmp_path / "photographs", "--output", tmp_path / "run"])
    lines = run(RUN, " ".join(HEAVY), *arguments).splitlines()
    assert lines[-1] == "imported:"
    assert (tmp_path / "run" / "index.html").is_file()


def test_a_notebook_imports_nothing_heavy_either() -> None:
    code = "import sys\nfrom av_screening import screen\n"
    code += f"print('imported:', *(name for name in {HEAVY} if name in sys.modules))"
    assert run(code).splitlines()[-1] == "imported:"


@pytest.mark.parametrize(
    ("statement", "asked"),
    [
        ("import torchvision", "torchvision.models.resnet18 and torchvision.datasets"),
        ("import torchvision", "torchvision.__version__[0].isdigit()"),
        ("import torchvision.transforms.v2.functional as change", "change.rotate"),
        ("from torchvision.transforms import v2", "v2.Compose"),
        ("from torchvision import tv_tensors", "tv_tensors.Image"),
    ],
)
def test_all_of_torchvision_is_there_for_others(statement: str, asked: str) -> None:
    code = "import sys, av_detectron\nassert 'torchvision.models' not in sys.modules\n"
    assert run(f"{code}{statement}\nprint(bool({asked}))").splitlines()[-1] == "True"


def test_operators_of_torchvision_have_gradients() -> None:
    code = "import torch, av_detectron\nfrom torchvision.ops import roi_align\n"
    code += "features = torch.ones(1, 1, 8, 8, requires_grad=True)\n"
    code += "roi_align(features, torch.tensor([[0, 1.0, 1, 5, 5]]), 2).sum().backward()\n"
    code += "print(round(float(features.grad.sum()), 3))"
    assert run(code).splitlines()[-1] == "4.0"


def test_the_compiler_is_left_in_its_place() -> None:
    code = "import sys, av_detectron\nassert 'torch._dynamo.utils' not in sys.modules\n"
    code += "from torchvision.ops.roi_align import is_compile_supported\n"
    code += "from torch._dynamo.utils import is_compile_supported as own\n"
    code += "print(is_compile_supported('cpu') == own('cpu'))"
    assert run(code).splitlines()[-1] == "True"


def test_no_more_workers_than_photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    counts = []
    for number in range(6):
        (tmp_path / f"{number}.png").touch()
        counts.append(default_workers(tmp_path, tmp_path / "run"))
    assert counts == [1, 2, 3, 4, 4, 4]
