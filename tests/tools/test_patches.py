"""Manifests from photographs and from sets that users have."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from av_detectron.data.phantom import make_phantom
from av_grading.formats.manifest import read_manifest

RunTool = Callable[..., tuple[int, str, str]]


def test_patches_around_given_crossings(tmp_path: Path, run_tool: RunTool) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    Image.fromarray(make_phantom(seed=0, fov_diameter=300).image).save(photographs / "a.png")
    (photographs / "b.png").write_text("no photograph")
    table = tmp_path / "crossings.csv"
    table.write_text("image,x,y\na.png,150,140\na.png,120,160\n")
    output = tmp_path / "patches"
    rest = ["--crossings", str(table), "--output", str(output), "--pixels", "64"]
    code, out, err = run_tool("extract_patches.py", str(photographs), *rest)
    assert code == 1 and "b.png" in err and "2 patches of 2 photographs" in out  # a is not lost
    patches = read_manifest(output / "manifest.csv")
    assert [p.group for p in patches] == ["a.png"] * 2 and patches[0].grade is None
    assert patches[0].more["x"] == "150.0" and patches[0].more["score"] == ""
    assert Image.open(patches[0].patch).size == (64, 64)


def test_crossings_outside_and_empty_folders(tmp_path: Path, run_tool: RunTool) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    output = ["--output", str(tmp_path / "patches")]
    code, _, err = run_tool("extract_patches.py", str(photographs), *output)
    assert code == 1 and "expected images, found an empty folder" in err
    Image.fromarray(make_phantom(seed=0, fov_diameter=300).image).save(photographs / "a.png")
    table = tmp_path / "crossings.csv"
    table.write_text("image,x,y\na.png,5000,140\n")
    rest = ["--crossings", str(table), *output]
    code, _, err = run_tool("extract_patches.py", str(photographs), *rest)
    assert code == 1 and "expected a position inside" in err and "Traceback" not in err
    table.write_text("image,x,y\na.png,150,140\nc.png,150,140\n")
    code, out, err = run_tool("extract_patches.py", str(photographs), *rest)
    assert code == 1 and "1 patches of 1 photographs" in out
    assert f"{table}: c: expected a photograph of that name, found none" in err
    code, _, err = run_tool("extract_patches.py", str(photographs), *rest, "--pixels", "0")
    assert code == 2 and "--pixels: expected more than 0, found 0" in err


def write_mdtnet(folder: Path) -> Path:
    pixels = np.zeros((32, 32, 3), np.uint8)
    for name in ("p0", "p1"):
        Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / "maps").mkdir()
    Image.fromarray(pixels[:, :, 0]).save(folder / "maps" / "p0.png")
    path = folder / "list.csv"
    path.write_text(
        "date,imageID,patchID,filePATH,severity,Type\n"
        "1,i0,0,p0.png,2,train\n1,i1,1,p1.png,999,train\n"
    )
    return path


def test_mdtnet_becomes_a_manifest(tmp_path: Path, run_tool: RunTool) -> None:
    output = tmp_path / "out" / "manifest.csv"
    given = ["--input", str(write_mdtnet(tmp_path)), "--maps", str(tmp_path / "maps")]
    code, out, err = run_tool("import_patches.py", "mdtnet", *given, "--output", str(output))
    assert code == 0, err
    assert [p.grade for p in read_manifest(output)] == [2] and "rejected: 1" in out
    assert "999" in (output.parent / "rejected.csv").read_text()
    (tmp_path / "maps" / "p0.png").unlink()
    code, _, err = run_tool("import_patches.py", "mdtnet", *given, "--output", str(output))
    assert code == 1 and "row 2" in err and "p0.png: expected an image file" in err


def test_import_wrong_use(tmp_path: Path, run_tool: RunTool) -> None:
    given = ["--input", str(tmp_path), "--output", str(tmp_path / "m.csv")]
    code, _, err = run_tool("import_patches.py", "mdtnet", *given)
    assert code == 2 and "--maps: expected" in err
    code, _, err = run_tool("import_patches.py", "cera", *given)
    assert code == 1 and "grading.txt" in err and "Traceback" not in err
