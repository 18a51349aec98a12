"""Time of one pass against its parts, and memory, of a detector with random weights."""

import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from av_detectron.data.phantom import make_phantom

RunTool = Callable[..., tuple[int, str, str]]


def test_ratios_and_memory(untrained: Path, tmp_path: Path, run_tool: RunTool) -> None:
    weights = tmp_path / "shipped.safetensors"
    config = str(untrained / "safpn_av.yaml")
    code, _, err = run_tool("release_weights.py", "--detector", config, "--output", str(weights))
    assert code == 0, err
    eye, output = tmp_path / "eye.png", tmp_path / "pass.json"
    Image.fromarray(make_phantom(seed=0, fov_diameter=300).image).save(eye)
    rest = [
        "--alone",
        str(untrained / "safpn_mask_rcnn.yaml"),
        "--dataset",
        "crosspos_phantom_val",
        "--rounds",
        "1",
        "--large",
        str(eye),
    ]
    code, _, err = run_tool(
        "measure_pass.py", "--detector", str(weights), "--output", str(output), *rest
    )
    assert code == 0, err
    metrics = json.loads(output.read_text())["metrics"]
    assert metrics["pass_over_detector"] > 0 and metrics["pass_over_two_models"] > 0
    assert metrics["peak_mib_above_idle"] > 100  # torch alone takes as much
    bad = tmp_path / "bad.png"
    bad.write_text("no photograph")
    rest[-1] = str(bad)
    code, _, err = run_tool(
        "measure_pass.py", "--detector", str(weights), "--output", str(output), *rest
    )
    assert code == 1 and "bad.png" in err and "Traceback" not in err
