"""The second look: every crossing close up, graded where it can be, with a reason where not."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from av_detectron.data.disc import OpticDisc
from av_detectron.data.phantom import make_phantom
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.close_ups.cut import PIXELS
from av_grading.close_ups.fine_map import Look
from av_grading.formats.manifest import read_manifest
from av_grading.formats.patches import SIDE, cut_patch
from av_grading.gradable import GradableRule
from av_grading.models.reading_head import head_answers
from av_grading.models.reading_outputs import Answers
from av_screening import Settings
from av_screening.photograph import Screened
from av_screening.steps import second_look as step
from av_screening.steps.pipeline import Pipeline
from av_screening.steps.signs import with_signs
from av_screening.write.photograph_folder import MANIFEST, Source, write_outputs
from av_screening.write.rows import coco_record, crossing_rows, summary_row

EASY = GradableRule(0, 0, 0, 0)


class TrueMaps:
    """Stands for a close-up network: it gives the map that was drawn."""

    def __init__(self, phantom_map: np.ndarray, centers: np.ndarray, drive_px: float) -> None:
        self.shares = []
        self.looked_at = 0
        for x, y in centers:
            cut = [
                step.cut_close_up((phantom_map == k).astype(np.uint8) * 255, (x, y), drive_px)
                for k in range(4)
            ]
            self.shares.append(np.stack(cut).astype(np.float32) / 255)

    def look(self, patches: torch.Tensor, coarse: torch.Tensor) -> Look:
        assert patches.shape[-1] == PIXELS and coarse.shape[-1] == PIXELS // 4
        self.looked_at = len(patches)
        shares = self.shares[-len(patches) :]  # those that are not looked at come first below
        middles = np.array([step_middle(s) for s in shares])
        return Look(np.stack(shares), middles, torch.zeros(len(shares), 1))

    def read(self, look: Look, vessels: list) -> Answers:
        return head_answers(np.full((len(vessels), 5), 0.9))


def step_middle(shares: np.ndarray) -> tuple[float, float]:
    from av_grading.vessels.center import refine_center

    return refine_center(shares)


@pytest.fixture(scope="module")
def eye():
    return make_phantom(seed=1, fov_diameter=540)


@pytest.fixture(scope="module")
def screened(eye, graders: tuple[Path, Path], close_up: Path) -> Screened:
    settings = Settings(DEFAULT_WEIGHTS, graders, close_up=close_up, flag_above=0.0)
    return Pipeline.from_settings(settings)(eye.image)


def test_what_is_not_gradable_has_a_reason_and_no_grade(screened: Screened) -> None:
    crossings = screened.crossings
    assert len(crossings) > 5 and screened.second_look
    rows = crossing_rows(screened, "eye.png", "", "")
    for row, crossing in zip(rows, crossings, strict=True):
        assert row["gradable"] == int(crossing.gradable)
        reason = crossing.reason
        assert row["not_gradable_reason"] == ("" if reason is None else reason.text)
        assert row["not_gradable_code"] == ("" if reason is None else reason.code)
        assert ("grade" in row) == (crossing.grade is not None) == crossing.gradable
    annotations = coco_record(screened, "eye.png")["annotations"]
    assert [a["gradable"] for a in annotations] == [c.gradable for c in crossings]
    summary = summary_row(screened, "eye.png", "", "", "")
    assert summary["gradable"] == summary["graded"] == sum(r["gradable"] for r in rows)


def test_gradable_ones_come_first_in_the_order_of_a_page(screened: Screened) -> None:
    ranks = [screened.crossings[i].gradable for i in screened.order()]
    assert ranks == sorted(ranks, reverse=True)


def test_with_the_drawn_map_vessels_go_through_and_centres_are_refined(eye, screened) -> None:
    found = screened.found
    maps = TrueMaps(eye.av_map, found.centers.astype(float), found.fov.drive_px)
    (looks,) = step.look_together([eye.image], [found], maps, EASY)
    away = [np.hypot(*(eye.crossings - look.place).T).min() for look in looks if look.gradable]
    before = [np.hypot(*(eye.crossings - c).T).min() for c in found.centers]
    assert len(away) > 0.7 * len(looks)
    assert np.median(away) <= np.median(before) + 0.2 and np.median(away) < 1.5
    patch = looks[0].patch
    assert patch.patch.shape == (96, 96, 3) and patch.shares.shape == (3, 96, 96)
    look = looks[0].close_look
    pixels, labels = look.centered_patch, look.centered_labels
    assert pixels.shape == (PIXELS, PIXELS, 3) and labels.shape == (PIXELS, PIXELS)
    assert looks[0].close_look.drive_px == 4


def test_crossings_on_the_disc_are_not_looked_at(eye, screened) -> None:
    x, y = screened.found.centers[0].astype(float)
    found = replace(screened.found, disc=OpticDisc(x, y, 6))
    maps = TrueMaps(eye.av_map, found.centers.astype(float), found.fov.drive_px)
    (looks,) = step.look_together(
        [eye.image], [found], maps, replace(EASY, least_disc_distance=0.6)
    )
    assert looks[0].reason.code == "disc"
    assert looks[0].close_look.vessels is None and not looks[0].answers
    assert looks[0].place == looks[0].center and looks[0].patch.patch.shape == (96, 96, 3)
    assert maps.looked_at == len(looks) - 1
    assert [crossing.number for crossing in looks] == list(range(len(looks)))


def test_a_photograph_whose_crossings_are_all_on_the_disc_is_written(
    eye, screened, tmp_path: Path
) -> None:
    found = replace(screened.found, disc=OpticDisc(*found_middle(screened), 2000))
    (looks,) = step.look_together([eye.image], [found], None, replace(EASY, least_disc_distance=1))
    refused = with_signs(replace(screened, found=found, crossings=looks), Settings().signs())
    assert {crossing.reason.code for crossing in looks} == {"disc"}
    write_outputs(tmp_path, Source("eye.png", "", "", "eye", "run"), eye.image, refused, "word")
    folder = tmp_path / "photographs" / "eye"
    assert len(list((folder / "patches").iterdir())) == len(looks)
    assert len(read_manifest(folder / MANIFEST)) == len(looks)
    record = json.loads((folder / "crossings.json").read_text("utf-8"))
    assert not any(a["gradable"] for a in record["annotations"])


def found_middle(screened: Screened) -> tuple[float, float]:
    fov = screened.found.fov
    return fov.x, fov.y


def test_graders_patch_is_cut_from_the_close_up(eye, screened) -> None:
    found = screened.found
    maps = TrueMaps(eye.av_map, found.centers.astype(float), found.fov.drive_px)
    (looks,) = step.look_together([eye.image], [found], maps, EASY)
    for crossing in looks:
        drive_px = found.fov.drive_px
        photograph = cut_patch(eye.image, crossing.place, drive_px, SIDE, 96)
        middle = slice(16, 80)
        off = np.abs(crossing.patch.patch.astype(float) - photograph)[middle, middle]
        assert off.mean() < 4
        assert crossing.patch.scale == pytest.approx(2 / drive_px)


def test_crossings_at_the_edge_of_the_field_are_not_graded(eye, screened) -> None:
    x, y = screened.found.centers[0].astype(float)
    found = replace(screened.found, fov=replace(screened.found.fov, x=x - 265, y=y))
    maps = TrueMaps(eye.av_map, found.centers.astype(float), found.fov.drive_px)
    (looks,) = step.look_together([eye.image], [found], maps, replace(EASY, least_edge_distance=12))
    assert looks[0].reason.code == "edge"


def test_a_photograph_without_crossings_is_screened(screened, graders, close_up) -> None:
    settings = Settings(DEFAULT_WEIGHTS, graders, close_up=close_up, threshold=1.0)
    empty = Pipeline.from_settings(settings)(make_phantom(seed=1, fov_diameter=540).image)
    assert empty.crossings == [] and empty.order() == []
    assert summary_row(empty, "eye.png", "", "", "")["crossings"] == 0
