"""A run as one COCO file, and back: nothing is lost on the way, whichever tool it went through."""

import copy
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
import pytest
from pycocotools.coco import COCO

from av_screening.errors import FileProblems
from av_screening.exchange import export_coco, import_corrections
from av_screening.exchange.corrections import read_corrections
from av_screening.exchange.polygons import polygons_of
from av_screening.exchange.run_coco import Crossing, crossings_of
from av_screening.run.finished_run import FinishedRun
from tests.av_screening.run_folder import crossings_of as draw
from tests.av_screening.run_folder import encode, mask_of, write_run

DRAWN = draw(3, 4)
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    return FinishedRun.read(write_run(tmp_path / "out", DRAWN))


def exported(run: FinishedRun, masks: str = "rle") -> dict[str, Any]:
    path = run.output.parent / "crossings.json"
    assert export_coco.main([str(run.output), "--output", str(path), "--masks", masks]) == 0
    coco: dict[str, Any] = json.loads(path.read_text())
    return coco


def changed(tmp_path: Path, coco: dict[str, Any]) -> Path:
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(coco))
    return path


@pytest.mark.parametrize("part", [0.3, 0.6, 0.85])
def test_polygons_are_the_mask_with_its_holes(part: float) -> None:
    for seed in range(10):
        mask = (np.random.default_rng(seed).random((17, 23)) < part).astype(np.uint8)
        rles = pycocotools.mask.frPyObjects(polygons_of(encode(mask)), *mask.shape)
        np.testing.assert_array_equal(pycocotools.mask.decode(pycocotools.mask.merge(rles)), mask)


@pytest.mark.parametrize("masks", ["rle", "polygons"])
def test_one_file_that_pycocotools_reads(run: FinishedRun, masks: str) -> None:
    exported(run, masks)
    coco = COCO(str(run.output.parent / "crossings.json"))
    assert sorted(coco.imgs) == [1, 2, 3] and sorted(coco.anns) == list(range(1, 13))
    for annotation, crossing in zip(coco.anns.values(), DRAWN, strict=True):
        assert coco.imgs[annotation["image_id"]]["file_name"] == crossing.photograph
        assert annotation["attributes"] == {"crossing": crossing.number, "grade": crossing.grade}
        assert annotation["grade"] == crossing.grade
        np.testing.assert_array_equal(coco.annToMask(annotation), mask_of(crossing))


@pytest.mark.parametrize("masks", ["rle", "polygons"])
def test_unchanged_it_comes_back_as_it_was(tmp_path: Path, run: FinishedRun, masks: str) -> None:
    found = read_corrections(changed(tmp_path, exported(run, masks)), run)
    assert found.crossings == list(crossings_of(run).values())
    assert not found.removed and len(found.photographs) == 3


def masks_alone(coco: dict[str, Any]) -> None:
    """As tools do that know an instance by its mask: its box becomes the mask's."""
    for annotation in coco["annotations"]:
        annotation["bbox"] = pycocotools.mask.toBbox(annotation["segmentation"]).tolist()


def boxes_alone(coco: dict[str, Any]) -> None:
    for annotation in coco["annotations"]:
        annotation["segmentation"] = []


def without_attributes(coco: dict[str, Any]) -> None:
    for number, annotation in enumerate(reversed(coco["annotations"])):
        annotation["id"] = 100 + number
        annotation["attributes"] = {"occluded": False}


def as_text(coco: dict[str, Any]) -> None:
    for annotation in coco["annotations"]:
        annotation["attributes"] = {k: str(v) for k, v in annotation["attributes"].items()}
        del annotation["grade"]
    for image in coco["images"]:
        image["file_name"] = f"images/default/{image['file_name']}"


@pytest.mark.parametrize("change", [masks_alone, boxes_alone, without_attributes, as_text])
def test_what_tools_leave_out_is_known_from_the_run(
    tmp_path: Path, run: FinishedRun, change: Change
) -> None:
    coco = exported(run)
    change(coco)
    found = read_corrections(changed(tmp_path, coco), run)
    assert found.crossings == list(crossings_of(run).values()) and not found.removed


def test_corrections_become_a_crosspos_set_and_a_manifest(tmp_path: Path, run: FinishedRun) -> None:
    from av_detectron.data.annotations import read_mask
    from av_detectron.data.crosspos import load_crosspos
    from av_grading.formats.manifest import read_manifest

    coco = exported(run)
    regraded, moved, erased, removed, *_ = coco["annotations"]
    regraded["attributes"]["grade"] = 3
    moved["bbox"][0] += 9
    mask = mask_of(DRAWN[2])
    mask[: int(DRAWN[2].y)] = 0
    erased["segmentation"] = encode(mask)
    coco["annotations"].remove(removed)
    coco["annotations"].append({**regraded, "id": 99, "bbox": [200, 200, 10, 10], "grade": 2})
    coco["annotations"][-1] |= {"attributes": {"grade": 2}, "segmentation": encode(mask_at(205))}
    coco["images"].pop()  # not looked at
    coco["annotations"] = [a for a in coco["annotations"] if a["image_id"] < 3]
    output = tmp_path / "labels"
    given = [str(run.output), str(changed(tmp_path, coco)), "--output", str(output)]
    photographs = tmp_path / "photographs"
    assert import_corrections.main([*given, "--photographs", str(photographs)]) == 0

    records = load_crosspos(output / "crosspos/crosspos_corrected_train.json", output)
    assert [len(r["annotations"]) for r in records] == [4, 4]
    assert records[0]["file_name"] == str(photographs / "eye0.png")
    centers = [a["center"] for a in records[0]["annotations"]]
    assert centers == [[60, 80], [109, 80], [140, 80], [204.5, 204.5]]
    vessels = read_mask(Path(records[0]["vessels_file_name"]))
    together = mask_of(DRAWN[0]) | mask_of(DRAWN[1]) | mask | mask_at(205)
    np.testing.assert_array_equal(vessels, together.astype(bool))
    ids = [a["id"] for r in records for a in r["annotations"]]
    assert len(set(ids)) == 8

    manifest = read_manifest(output / "manifest.csv")
    first = [(p.grade, p.more["screened_grade"]) for p in manifest if p.group == "eye0.png"]
    assert first == [(3, "0"), (2, "2")]  # the moved one has no patch any more
    readings = (output / "readings.csv").read_text()
    assert "eye0.png,3,180.0,80.0,unclear,0,no_crossing,,corrected" in readings
    changes = (output / "changes.csv").read_text().splitlines()
    assert changes[1:6] == [
        "eye0.png,0,60.0,80.0,grade,0,3",
        "eye0.png,1,109.0,80.0,moved,1,1",
        "eye0.png,2,140.0,80.0,mask,2,2",
        "eye1.png,0,60.0,100.0,kept,1,1",
        "eye1.png,1,100.0,100.0,kept,2,2",
    ]
    assert changes[-2:] == [
        "eye0.png,,204.5,204.5,added,,2",
        "eye0.png,3,180.0,80.0,removed,3,3",
    ]


def mask_at(middle: int) -> np.ndarray:
    mask = np.zeros_like(mask_of(DRAWN[0]))
    mask[middle - 3 : middle + 3, middle - 3 : middle + 3] = 1
    return mask


def test_everything_wrong_is_listed_and_nothing_written(
    tmp_path: Path, run: FinishedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    coco = exported(run)
    coco["images"][2]["width"] = 5
    a = coco["annotations"]
    a[1]["id"] = 1
    a[2]["attributes"]["grade"] = "severe"
    a[3]["bbox"] = [1, 2, -3, 4]
    a[4]["attributes"]["crossing"] = 40
    a[5]["category_id"] = 7
    a[6]["attributes"]["crossing"] = 3
    a[7]["segmentation"] = {"size": [1, 1], "counts": "0"}
    coco["images"].append({"id": 9, "file_name": "stranger.png", "height": 1, "width": 1})
    output = tmp_path / "labels"
    given = [str(run.output), str(changed(tmp_path, coco)), "--output", str(output)]
    assert import_corrections.main([*given, "--photographs", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    for part in (
        "image 3 (eye2.png): expected 320 x 300 px, found 5 x 300 px",
        "image 9 (stranger.png): expected a photograph",
        "annotation 2 (id 1): expected an id of its own, found that of 1",
        "grade: expected 0 to 3 or nothing, found 'severe'",
        "bbox: expected x, y, width, height, found [1, 2, -3, 4]",
        "crossing: expected one of eye1.png, found 40",
        "category: expected CrossPos, found None",
        "segmentation: expected the size [300, 320], found [1, 1]",
        "annotation 9 (id 9): image_id: expected one of images",
    ):
        assert part in said
    assert not output.exists()


def test_two_annotations_of_one_crossing(tmp_path: Path, run: FinishedRun) -> None:
    coco = exported(run)
    coco["annotations"].append({**copy.deepcopy(coco["annotations"][0]), "id": 99})
    with pytest.raises(FileProblems, match="crossing 0: expected one annotation, found id 1 too"):
        read_corrections(changed(tmp_path, coco), run)


DATUMARO = """
import sys
from datumaro import Dataset
found = Dataset.import_from(sys.argv[1], "coco_instances")
for item in list(found):
    changed = [
        a.wrap(attributes={**a.attributes, "grade": 3}) if a.attributes["crossing"] == 1 else a
        for a in item.annotations
    ]
    found.put(item.wrap(annotations=changed))
found.export(sys.argv[2], "coco_instances", save_media=False, segmentation_mode=sys.argv[3])
"""


@pytest.mark.parametrize(("masks", "mode"), [("rle", "mask"), ("polygons", "polygons")])
def test_by_way_of_datumaro(tmp_path: Path, run: FinishedRun, masks: str, mode: str) -> None:
    """Datumaro is what CVAT reads and writes with; its versions of pandas and Pillow are not ours,
    so that DATUMARO_PYTHON names the Python of an environment that has it."""
    python = os.environ.get("DATUMARO_PYTHON")
    if not python:
        pytest.skip("DATUMARO_PYTHON is not set: no Python with datumaro here")
    exported(run, masks)
    source = tmp_path / "set" / "annotations"
    source.mkdir(parents=True)
    (run.output.parent / "crossings.json").rename(source / "instances_default.json")
    (tmp_path / "photographs").rename(tmp_path / "set" / "images")
    given = [str(tmp_path / "set"), str(tmp_path / "back"), mode]
    subprocess.run([python, "-c", DATUMARO, *given], check=True, capture_output=True)
    back = next((tmp_path / "back" / "annotations").glob("*.json"))
    found = read_corrections(back, run)

    def regraded(crossing: Crossing) -> Crossing:
        if crossing.number != 1 or crossing.grade == 3:
            return crossing
        return Crossing(**{**vars(crossing), "grade": 3, "changes": ("grade",)})

    expected = [regraded(c) for c in crossings_of(run).values()]
    by_place = sorted(found.crossings, key=lambda c: (c.photograph, c.number or 0))
    assert by_place == expected and not found.removed
