"""Photographs without labels become a set that teaches maps."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

RunTool = Callable[..., tuple[int, str, str]]


def test_a_folder_becomes_a_set(
    tmp_path: Path, untrained: Path, run_tool: RunTool, run_script: RunTool
) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    drawn = sorted((untrained / "phantom" / "val" / "images").iterdir())[0]
    shutil.copy(drawn, photographs)
    (photographs / "notes.png").write_text("no picture")
    output = tmp_path / "root" / "clinic"
    code, out, err = run_tool("label_photographs.py", str(photographs), "--output", str(output))
    assert code == 1 and "left out" in err and "notes.png" in err
    assert "1 photographs labelled" in out
    assert [p.name for p in (output / "train" / "images").iterdir()] == [drawn.name]
    root = ["--root", str(tmp_path / "root"), "--no-crossings", "clinic", "--val-fraction", "0"]
    assert run_script("datasets/prepare_crosspos.py", "clinic", *root)[0] == 0
    path = tmp_path / "root" / "crosspos" / "crosspos_clinic_train.json"
    coco = json.loads(path.read_text())
    assert len(coco["images"]) == 1 and not coco["annotations"]
    assert coco["info"]["options"]["crossings"] is False
    code, _, err = run_tool("label_photographs.py", "no_such", "--output", str(output))
    assert code == 2 and "expected a folder" in err
