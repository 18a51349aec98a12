"""Figures of the signs: what is drawn and true, how versions are made, what rows come to."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from av_detectron.data.errors import InputFileError
from av_detectron.data.phantom import make_phantom
from av_grading.simulation.protocols import PROTOCOLS
from av_grading.vessels.sides import reverse
from av_screening.evaluation import sign_rows
from av_screening.evaluation.drawn_signs import (
    KINDS,
    DrawnSigns,
    draw_into,
    draw_signs,
    draw_together,
)
from av_screening.evaluation.evaluate_signs import above_kappas, main
from av_screening.evaluation.sign_rows import VERSIONS, as_version
from av_screening.evaluation.sign_scores import icc, sign_counts, sign_scores
from av_screening.evaluation.squeezing import ClearCrossing, clear_crossings, touching

DRIVE_PX = 2.0


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(3, 1080)


@pytest.fixture(scope="module")
def clear(phantom) -> list[ClearCrossing]:
    centers = [(float(x), float(y)) for x, y in phantom.crossings]
    found, _ = clear_crossings(
        phantom.image, phantom.av_map, centers, DRIVE_PX, PROTOCOLS["clinical"]
    )
    assert len(found) >= 2
    return found


def drawn(crossing: ClearCrossing, kind: str, seed: int = 0) -> DrawnSigns:
    found = draw_signs(crossing, kind, np.random.default_rng(seed))
    assert found is not None
    return found


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "reflex"])
def test_a_kind_draws_its_own_sign_alone(clear: list[ClearCrossing], kind: str) -> None:
    as_it_is = drawn(clear[0], "unchanged").truth(None)
    truth = drawn(clear[0], kind).truth(None)
    changed = {
        name.replace("_first", "").replace("_second", "")
        for name, value in truth.items()
        if value == value and abs(value - as_it_is[name]) > 1e-6
    }
    own = {
        "unchanged": set(),
        "taper": {"width", "visible"},
        "concealment": {"contrast", "visible"},
        "banking": {"banking"},
        "bending": {"bend_degrees", "deflection_degrees"},
        "together": {"width", "contrast", "visible", "banking", "bend_degrees"},
    }[kind]
    assert own <= changed
    if kind in ("unchanged", "banking", "bending"):
        assert changed <= own | {"deflection_degrees", "shift_drive_px"}


def test_truth_has_its_sides_as_the_vein_was_followed(clear: list[ClearCrossing]) -> None:
    one = drawn(clear[0], "together", seed=1)
    line = clear[0].window.vein.line
    there, back = one.truth(line), one.truth(reverse(line))
    assert there["visible_first"] == back["visible_second"] != back["visible_first"]
    assert there["bend_degrees"] == back["bend_degrees"]


def test_what_is_drawn_into_one_photograph_does_not_touch(phantom, clear) -> None:
    every = [drawn(crossing, "taper") for crossing in clear]
    rounds = draw_together(every)
    assert sorted(id(one) for members in rounds for one in members) == sorted(map(id, every))
    for members in rounds:
        for i, one in enumerate(members):
            assert not any(touching(one.crossing, other.crossing) for other in members[:i])
    changed = draw_into(phantom.image, rounds[0])
    x, y = np.round(rounds[0][0].crossing.center).astype(int)
    assert (
        changed[y - 30 : y + 30, x - 30 : x + 30] != phantom.image[y - 30 : y + 30, x - 30 : x + 30]
    ).any()
    assert np.array_equal(draw_into(phantom.image, [drawn(clear[0], "unchanged")]), phantom.image)


def test_more_draws_leave_the_mixture_of_drawn_and_unchanged_crossings(
    phantom, clear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_rows, "_looks_of", lambda pixels, drawn, pipeline: [None] * len(drawn))
    mixtures = []
    for draws in (2, 6):
        rows = sign_rows.drawn_rows(
            phantom.image, clear[:1], {}, None, np.random.default_rng(0), draws
        )
        kinds = [row["kind"] for row in rows]
        mixtures.append(kinds.count("together") / kinds.count("unchanged"))
    assert mixtures == [2, 2]


def test_versions_of_a_photograph() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    whole, half, fine, coarse = (as_version(pixels, name) for name in VERSIONS)
    assert whole[0] is pixels and half[0].shape == (20, 30, 3) and half[1] == 0.5
    off = [np.abs(v[0].astype(int) - pixels).mean() for v in (fine, coarse)]
    assert 0 < off[0] < off[1]
    with pytest.raises(ValueError, match="expected one of full"):
        as_version(pixels, "jpeg_1")


def test_icc_tells_agreement_from_a_shift_and_from_noise() -> None:
    values = np.random.default_rng(0).normal(size=200)
    assert icc(np.stack([values, values], axis=1)) == pytest.approx(1)
    shifted = icc(np.stack([values, values + 1], axis=1))
    assert 0.5 < shifted < 0.8
    noise = np.random.default_rng(1).normal(size=200)
    assert abs(icc(np.stack([values, noise], axis=1))) < 0.2
    assert np.isnan(icc(np.zeros((2, 2))))


def rows(measured) -> dict[str, pd.DataFrame]:
    """Tables of 40 crossings whose signs are measured as this function of the truth says."""
    rng = np.random.default_rng(0)
    found, versions = [], []
    for number in range(40):
        kind = ("unchanged", "concealment", "bending", "together")[number % 4]
        hidden, bent = kind in ("concealment", "together"), kind in ("bending", "together")
        contrast = float(rng.uniform(0.1, 0.8)) if hidden else 1.0
        degrees = float(rng.uniform(10, 60)) if bent else 2.0
        said = {"worse_side_1": 0, "worse_side_2": 0, "bent_1": 0, "bent_2": 0}
        cells = {f"true_contrast_{side}": contrast for side in ("first", "second")}
        cells |= {f"contrast_{side}": measured(contrast) for side in ("first", "second")}
        cells["concealment_answer"] = "present" if contrast < 0.65 else "absent"
        cells |= {"true_bend_degrees": degrees, "courses_degrees": degrees + 3}
        found.append({"photograph": "a", "kind": kind, "found": 1, **said, **cells})
        for version in VERSIONS:
            wide = {f"visible_width_{side}": contrast for side in ("first", "second")}
            worse = 2 * int(contrast < 0.5)
            versions.append(
                {"photograph": "a", "set": "clinic", "crossing": number, "version": version}
                | {"found": 1, "bent_1": int(degrees > 30), "bent_2": int(degrees > 30)}
                | {"worse_side_1": worse, "worse_side_2": worse, **wide}
                | {"deflection_degrees": degrees, "courses_degrees": degrees}
            )
    return {"drawn": pd.DataFrame(found), "versions": pd.DataFrame(versions)}


def test_a_sign_that_is_measured_as_it_is_has_perfect_figures() -> None:
    scores = sign_scores(rows(lambda contrast: contrast))
    assert scores["concealment_spearman"] == scores["concealment_spearman_alone"] == 1
    assert scores["concealment_false_share"] == 0 and scores["concealment_present_share"] == 1
    assert scores["deflection_error"] == pytest.approx(3)
    assert scores["visible_width_icc"] == pytest.approx(1)
    assert scores["visible_width_side_auc"] == scores["bent_auc_clinic"] == 1
    assert not any(name.startswith("n_") for name in scores)
    assert sign_counts(rows(lambda c: c))["n_concealment"] == 60


def test_a_photograph_that_is_drawn_twice_in_a_resample_counts_twice() -> None:
    once = rows(lambda contrast: contrast)
    twice = {name: pd.concat([table, table]) for name, table in once.items()}
    counted = [sign_counts(tables)["n_visible_width_half"] for tables in (once, twice)]
    assert counted[1] == 2 * counted[0] > 0


def test_a_sign_that_is_measured_the_wrong_way_round_is_told() -> None:
    assert sign_scores(rows(lambda contrast: 1 - contrast))["concealment_spearman"] == -1


def test_kappas_of_what_is_above_are_copied_from_results(tmp_path: Path) -> None:
    paths = []
    for name, split, value in (("clinic", None, 0.9), ("mine", ["test"], 0.8)):
        content = {"data": {"set": [name], "split": split}, "metrics": {"above_kappa": value}}
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps(content))
    expected = {"above_kappa_clinic": 0.9, "above_kappa_mine_test": 0.8, "above_kappa": 0.8}
    assert above_kappas(paths) == expected and above_kappas([]) == {}
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputFileError, match=r"other\.json: expected results"):
        above_kappas([tmp_path / "other.json"])


def test_wrong_usage_and_a_set_that_was_not_prepared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "readings.csv"
    table.write_text(
        "image,set,split,x_px,y_px,drive_px,clear_1,above_1,grade_1,clear_2,above_2,grade_2\n"
        "a.png,mine,train,1,2,2,y,artery,0,y,artery,0\n"
    )
    base = ["mine", "--readings", str(table), "--output", str(tmp_path / "signs.json")]
    with pytest.raises(SystemExit):
        main([*base, "--set", "clinic"])
    assert "expected NAME=FOLDER" in capsys.readouterr().err
    assert main([*base, "--root", str(tmp_path)]) == 1
    assert "stopped" in capsys.readouterr().err
