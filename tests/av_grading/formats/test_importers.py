"""Lists that users already have; rejected codes never become grades."""

from pathlib import Path

import pytest

from av_grading.formats.importers import read_cera, read_mdtnet
from av_grading.formats.manifest import ManifestError


def test_cera_names_give_group_and_place(tmp_path: Path) -> None:
    text = "index, name, grade\n1, CERA_12_cy_340_cx_56.png, 2\n2, CERA_7_cy_1_cx_2.png, 0\n"
    (tmp_path / "grading.txt").write_text(text)
    rows, rejected = read_cera(tmp_path)
    assert rejected == []
    assert [(r["group"], r["grade"], r["x"], r["y"]) for r in rows] == [
        ("12", "2", "56", "340"),
        ("7", "0", "2", "1"),
    ]
    name = "CERA_12_cy_340_cx_56.png"
    assert rows[0]["patch"] == (tmp_path / "images" / name).resolve()
    assert rows[0]["av_map"] == (tmp_path / "segmentation_images" / name).resolve()


def test_cera_problems_are_all_listed(tmp_path: Path) -> None:
    text = "index, name, grade\n1, other.png, 2\n2, CERA_7_cy_1_cx_2.png, 4\n3, x\n"
    (tmp_path / "grading.txt").write_text(text)
    with pytest.raises(ManifestError, match="3 problems") as error:
        read_cera(tmp_path)
    assert "row 2: expected CERA_" in str(error.value)
    assert "row 3: grade: expected 0-3, found '4'" in str(error.value)
    assert "row 4: expected index, name, grade" in str(error.value)


def mdtnet(folder: Path, *severities: str) -> Path:
    lines = ["date,imageID,patchID,filePATH,severity,Type"]
    lines += [f"2020,img{i},p{i},a/p{i}.jpg,{s},train" for i, s in enumerate(severities)]
    path = folder / "list.csv"
    path.write_text("\n".join(lines))
    return path


def test_mdtnet_rejected_patches_are_kept_apart(tmp_path: Path) -> None:
    path = mdtnet(tmp_path, "0", "9", "3", "999", "9999")
    rows, rejected = read_mdtnet(path, tmp_path / "maps")
    assert [(r["grade"], r["group"]) for r in rows] == [("0", "img0"), ("3", "img2")]
    assert [r["code"] for r in rejected] == ["9", "999", "9999"]
    assert all("grade" not in r for r in rejected)
    assert rows[0]["av_map"] == (tmp_path / "maps" / "p0.png").resolve()


def test_mdtnet_unknown_severity(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="row 3: severity: expected 0-3, 9, 999 or 9999"):
        read_mdtnet(mdtnet(tmp_path, "0", "5"), tmp_path)


def test_missing_lists(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="found no file"):
        read_cera(tmp_path)
    with pytest.raises(ManifestError, match="found no file"):
        read_mdtnet(tmp_path / "list.csv", tmp_path)
    (tmp_path / "list.csv").write_text("a,b\n")
    with pytest.raises(ManifestError, match="expected the columns date,imageID"):
        read_mdtnet(tmp_path / "list.csv", tmp_path)
