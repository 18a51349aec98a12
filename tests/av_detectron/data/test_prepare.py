"""From folders to CrossPos files and back through Detectron2's catalog."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pycocotools.mask
import pytest
import scipy.io
from detectron2.data import DatasetCatalog, MetadataCatalog
from PIL import Image

from av_detectron.data.coco import LabelOptions, annotate
from av_detectron.data.crosspos import check_labels, json_path, load_crosspos, register_all
from av_detectron.data.disc import OpticDisc, read_discs
from av_detectron.data.errors import InputFileError
from av_detectron.data.find_labels import Photograph, find_photographs
from av_detectron.data.prepare import hold_out, prepare_set, split_folders


def prepare(folder: Path, output: Path, **options: object) -> tuple[dict, list[str]]:
    label_options = LabelOptions(**options)  # type: ignore[arg-type]
    report = prepare_set("toy", {"train": folder}, output, label_options, 0.0, 0)
    return json.loads(json_path(output, "crosspos_toy_train").read_text()), report.failures


def test_coco_of_a_hand_made_crossing(cross_set: Path, tmp_path: Path) -> None:
    coco, failures = prepare(cross_set, tmp_path)
    assert failures == []
    assert coco["categories"][0] == {"id": 1, "name": "CrossPos", "supercategory": "vessel"}
    assert [i["file_name"] for i in coco["images"]] == [
        "toy/train/images/a.png",
        "toy/train/images/b.png",
    ]
    assert [a["id"] for a in coco["annotations"]] == [1, 2]
    image, record = coco["images"][0], coco["annotations"][0]
    unit = image["fov"]["diameter"] / 540
    assert image["fov"]["diameter"] == 99
    assert record["center"] == [50, 40]
    assert record["bbox"] == pytest.approx(
        [50.5 - 10 * unit, 40.5 - 10 * unit, 20 * unit, 20 * unit], abs=1e-3
    )
    assert record["iscrowd"] == 0 and record["category_id"] == 1 and record["image_id"] == 1
    assert pycocotools.mask.decode(record["segmentation"]).sum() > 0


def test_default_box_has_the_area_of_the_study() -> None:
    from av_detectron.data.coco import annotation
    from av_detectron.data.fov import FieldOfView

    record = annotation(
        np.array([50.0, 50]), FieldOfView(540, 50, 50), None, (99, 99), LabelOptions()
    )
    assert record["area"] == 400
    assert "segmentation" not in record


def test_val_is_held_out_by_photograph(cross_set: Path, tmp_path: Path) -> None:
    prepare_set("toy", {"train": cross_set}, tmp_path, LabelOptions(), 0.5, 0)
    names = [
        {r["file_name"] for r in load_crosspos(json_path(tmp_path, f"crosspos_toy_{s}"), tmp_path)}
        for s in ("train", "val")
    ]
    assert [len(n) for n in names] == [1, 1] and not names[0] & names[1]
    assert hold_out(20, 0.2, 0) == hold_out(20, 0.2, 0)
    assert len(hold_out(20, 0.2, 0)) == 4 and hold_out(20, 0.0, 0) == set()


def test_bad_photographs_are_left_out_and_named(cross_set: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((50, 50), np.uint8)).save(cross_set / "av" / "a.png")
    coco, failures = prepare(cross_set, tmp_path)
    assert len(coco["images"]) == 1
    assert len(failures) == 1
    assert "a.png: expected the photograph's size 120 x 100 px, found 50 x 50 px" in failures[0]


def test_junctions_come_before_the_map(cross_set: Path, tmp_path: Path) -> None:
    (cross_set / "junctions").mkdir()
    for name in "ab":
        scipy.io.savemat(
            cross_set / "junctions" / f"{name}_JunctionsPos.mat", {"CrossPos": [[31, 61]]}
        )
    coco, _ = prepare(cross_set, tmp_path)
    assert [a["center"] for a in coco["annotations"]] == [[60, 30], [60, 30]]


def test_junction_outside_the_image(cross_set: Path, tmp_path: Path) -> None:
    (cross_set / "junctions").mkdir()
    for name, row in (("a", 31), ("b", 101)):
        scipy.io.savemat(
            cross_set / "junctions" / f"{name}_JunctionsPos.mat", {"CrossPos": [[row, 61]]}
        )
    coco, failures = prepare(cross_set, tmp_path)
    assert len(coco["images"]) == 1
    assert "b_JunctionsPos.mat: row 1: expected a position inside 120 x 100 px" in failures[0]


def test_missing_junction_file(cross_set: Path, tmp_path: Path) -> None:
    (cross_set / "junctions").mkdir()
    scipy.io.savemat(cross_set / "junctions" / "a_JunctionsPos.mat", {"CrossPos": [[31, 61]]})
    _, failures = prepare(cross_set, tmp_path)
    assert "b_JunctionsPos.mat: expected a junction file, found nothing" in failures[0]


def test_csv_with_a_photograph_without_crossings(cross_set: Path, tmp_path: Path) -> None:
    (cross_set / "crossings.csv").write_text("image,x,y\na.png,10,20\n")
    coco, failures = prepare(cross_set, tmp_path)
    assert failures == []
    assert len(coco["images"]) == 2
    assert [a["center"] for a in coco["annotations"]] == [[10, 20]]
    records = load_crosspos(json_path(tmp_path, "crosspos_toy_train"), tmp_path)
    assert [len(r["annotations"]) for r in records] == [1, 0]


def test_csv_with_an_unknown_photograph(cross_set: Path, tmp_path: Path) -> None:
    (cross_set / "crossings.csv").write_text("image,x,y\nz.png,10,20\n")
    with pytest.raises(InputFileError, match="crossings.csv: expected names of images, found z"):
        prepare(cross_set, tmp_path)


def test_duplicate_stems(cross_set: Path) -> None:
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(cross_set / "images" / "a.tif")
    with pytest.raises(InputFileError, match=r"a\.tif: .* found a\.png as well"):
        find_photographs(cross_set)


def test_pairing_by_order_where_names_share_nothing(cross_set: Path) -> None:
    (cross_set / "av" / "a.png").rename(cross_set / "av" / "01_manual.png")
    (cross_set / "av" / "b.png").rename(cross_set / "av" / "02_manual.png")
    found = [p.av.name for p in find_photographs(cross_set) if p.av]
    assert found == ["01_manual.png", "02_manual.png"]


def test_pairing_refuses_a_missing_map(cross_set: Path) -> None:
    (cross_set / "av" / "b.png").unlink()
    with pytest.raises(InputFileError, match=r"b\.png: expected one file in .*av, found none"):
        find_photographs(cross_set)


def test_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "toy" / "train" / "images").mkdir(parents=True)
    with pytest.raises(InputFileError, match="images: expected images, found an empty folder"):
        find_photographs(tmp_path / "toy" / "train")
    with pytest.raises(InputFileError, match="expected drive as <set>/<split>/images"):
        split_folders(tmp_path, ["drive"])


def test_registration(cross_set: Path, tmp_path: Path) -> None:
    prepare(cross_set, tmp_path)
    register_all(tmp_path, ["crosspos_toy_train"])
    try:
        records = DatasetCatalog.get("crosspos_toy_train")
        metadata = MetadataCatalog.get("crosspos_toy_train")
        assert metadata.thing_classes == ["CrossPos"]
        assert records[0]["file_name"] == str(tmp_path / "toy/train/images/a.png")
        assert records[0]["annotations"][0]["category_id"] == 0
    finally:
        DatasetCatalog.remove("crosspos_toy_train")
        MetadataCatalog.remove("crosspos_toy_train")
    assert {"crosspos_drive_train", "crosspos_iostar_test"} <= set(DatasetCatalog.list())


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="x.json: not found; make it with"):
        load_crosspos(tmp_path / "x.json", tmp_path)
    (tmp_path / "y.json").write_text('{"images": []}')
    with pytest.raises(InputFileError, match="y.json: expected a CrossPos file"):
        load_crosspos(tmp_path / "y.json", tmp_path)


def test_command(
    cross_set: Path, tmp_path: Path, run_script: Callable[..., tuple[int, str, str]]
) -> None:
    (cross_set / "images" / "b.png").write_text("not an image")
    command = ["datasets/prepare_crosspos.py", "toy"]
    code, out, err = run_script(*command, DETECTRON2_DATASETS=tmp_path)
    assert code == 1
    assert "b.png: expected an image, found another kind of file" in err
    assert "crosspos_toy_train.json: 1 photographs, 1 crossings" in out
    assert sorted(p.name for p in (tmp_path / "crosspos").iterdir()) == ["crosspos_toy_train.json"]
    assert run_script(*command, "--box-side", "-1")[0] == 2


def test_colours_and_discs_of_a_set(cross_set: Path, tmp_path: Path) -> None:
    """White is no overlap, specks and runs on the disc are none; index maps keep their rule."""
    run_on_disc = np.zeros((100, 120), np.uint8)
    run_on_disc[39:42, 20:100], run_on_disc[20:80, 49:52] = 1, 2
    run_on_disc[39:42, 47:53] = 3  # 32 DRIVE px long
    colors = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)], np.uint8)
    Image.fromarray(run_on_disc).save(cross_set / "av" / "a.png")
    disc = OpticDisc(50.0, 40.0, 40.0)
    options = LabelOptions(edges="broad")
    photograph = Photograph(cross_set / "images" / "a.png", cross_set / "av" / "a.png")
    image, crossings = annotate(photograph, options, disc=disc)
    assert image["disc"] == {"x": 50.0, "y": 40.0, "diameter": 40.0} and len(crossings) == 1
    Image.fromarray(colors[run_on_disc]).save(cross_set / "av" / "a.png")
    assert len(annotate(photograph, options)[1]) == 1
    assert len(annotate(photograph, options, disc=disc)[1]) == 0
    table = tmp_path / "discs.csv"
    table.write_text(
        "set,split,image,disc_x_px,disc_y_px,disc_diameter_px\ntoy,train,b.png,60,50,30\n"
    )
    prepare_set("toy", {"train": cross_set}, tmp_path, options, 0.0, 0, read_discs(table))
    records = load_crosspos(json_path(tmp_path, "crosspos_toy_train"), tmp_path)
    assert [r["disc"] for r in records] == [None, OpticDisc(60.0, 50.0, 30.0)]
    assert {r["label_options"].edges for r in records} == {"broad"}


def test_labels_that_do_not_tell_crossings_teach_maps_alone(
    cross_set: Path, tmp_path: Path
) -> None:
    prepare_set("toy", {"train": cross_set}, tmp_path, LabelOptions(crossings=False), 0.0, 0)
    records = load_crosspos(json_path(tmp_path, "crosspos_toy_train"), tmp_path)
    assert not any(r["annotations"] or r["unmarked_crossings"] for r in records)
    check_labels(records, maps=True, masks=True)
    with pytest.raises(InputFileError, match="found labels that do not tell them"):
        check_labels(records, maps=False, masks=True, crossings=True)
