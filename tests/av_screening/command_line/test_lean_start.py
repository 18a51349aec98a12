"""What a screening run imports: nothing that takes seconds and that it does not use."""

import subprocess
import sys
from pathlib import Path

import pytest

from av_screening.command_line.screen import default_workers
from tests.av_screening.conftest import encode

HEAVY = (
    "torch._dynamo",
    "torch._inductor",
    "torch.utils.tensorboard",
    "torchvision.transforms.v2",
    "timm.models.vision_transformer",
    "detectron2.engine",
    "detectron2.utils.visualizer",
    "scipy.optimize",
    "scipy.stats",
    "tqdm.contrib",
    *("captum", "matplotlib", "pandas", "sklearn", "sympy", "tensorboard", "triton"),
)
"""That the models and steps of screening do without; importing torch's compiler alone takes as
long as importing torch."""
RUN = """
import sys
from av_screening.command_line.screen import main
code = main(sys.argv[2:])
print("imported:", *(name for name in sys.argv[1].split() if name in sys.modules))
sys.exit(code)
"""


def run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_screening_run_imports_nothing_heavy(
    tmp_path: Path, eye, detector: Path, close_up: Path
) -> None:
    (tmp_path / "photographs").mkdir()
    (tmp_path / "photographs" / "eye.png").write_bytes(encode(eye))
    arguments = [tmp_path / "photographs", "--output", tmp_path / "run", "--workers", 1]
    arguments += ["--weights", detector, "--close-up", close_up]
    lines = run(RUN, " ".join(HEAVY), *map(str, arguments)).splitlines()
    assert lines[-1] == "imported:"
    assert (tmp_path / "run" / "index.html").is_file()


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("timm.create_model('vit_tiny_patch16_224', img_size=32)", "timm.models.beit"),
        ("timm.__version__[0].isdigit() and timm.models.resnet.resnet18", "timm.models.resnet"),
        ("torchvision.ops.roi_align and torchvision.transforms", "torchvision.models"),
    ],
)
def test_all_of_timm_and_torchvision_is_there_for_others(asked: str, known: str) -> None:
    code = "import sys\nimport av_detectron\nfrom av_grading.models.encoder import build_encoder\n"
    code += "build_encoder(18)\nassert 'timm.models.beit' not in sys.modules\n"
    code += f"import timm, torchvision\nprint(bool({asked}), {known!r} in sys.modules)"
    assert run(code).splitlines()[-1] == "True True"


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
