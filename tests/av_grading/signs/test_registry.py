"""Signs are found by their files, fit together, and are listed without torch."""

import dataclasses
import subprocess
import sys

import pytest

from av_grading.signs.registry import findings, get_sign, register, registered, signs
from av_grading.signs.sign import Column, Finding, Measurement, Sign
from tests.av_grading.signs.drawn_look import drawn_look

DUMMY = Sign(
    "dummy",
    1000,
    "Dummy",
    (Column("dummy_ratio", "share", "a share", error="dummy_ratio_se"),),
    lambda look: Measurement({"dummy_ratio": 0.25}, {"dummy_ratio": 0.125}),
)


def test_every_file_is_a_sign_of_its_name_in_the_order_of_positions() -> None:
    found = signs()
    assert [sign.name for sign in found][:2] == ["caliber", "visible_width"]
    assert [sign.position for sign in found] == sorted({sign.position for sign in found})
    assert all(get_sign(sign.name) is sign for sign in found)
    assert all(meaning for sign in found for meaning in sign.meanings().values())


def test_listing_signs_imports_no_torch_and_no_picture_library() -> None:
    code = (
        "import sys; from av_grading.signs.registry import signs; signs(); "
        "sys.exit(str([m for m in ('torch', 'cv2', 'scipy') if m in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "", done.stderr


@pytest.mark.parametrize("change", [{"position": 2}, {"name": "caliber"}])
def test_a_sign_that_takes_another_ones_place_is_refused(change: dict[str, object]) -> None:
    signs()
    with pytest.raises(ValueError, match="expected a (new name|free position)"):
        register(dataclasses.replace(DUMMY, **change))


def test_columns_are_named_by_their_units_and_belong_to_one_sign() -> None:
    with pytest.raises(ValueError, match="expected a name that ends with _drive_px"):
        Column("gap", "drive_px", "a gap")
    with pytest.raises(ValueError, match="expected a unit of"):
        Column("gap_mm", "mm", "a gap")
    taken = dataclasses.replace(DUMMY, columns=(Column("ratio_first", "share", "a share"),))
    with pytest.raises(ValueError, match="are those of caliber already"):
        register(taken)


def test_findings_are_of_columns_and_answers_that_their_sign_has() -> None:
    names = [finding.name for finding in findings()]
    assert len(set(names)) == len(names)
    for sign in signs():
        columns = {column.name: column for column in sign.columns}
        for finding in sign.findings:
            assert {columns[name].unit for name in finding.columns} == {finding.unit}
            assert not finding.answer or columns[finding.answer].kind == "text"
    taken = dataclasses.replace(DUMMY, findings=(Finding("gap", "Gap", ("dummy_ratio",), "a gap"),))
    with pytest.raises(ValueError, match="findings .'gap'. are those of visible_width already"):
        register(taken)


def test_the_strongest_is_the_least_of_what_is_left() -> None:
    row = {"visible_width_first": "0.40", "visible_width_second": ""}
    known = {finding.name: finding for finding in findings()}
    assert known["visible_width"].strength(row) == 0.4
    assert known["banking"].strength({"banking_first": "1.2", "banking_second": "1.5"}) == 1.5
    assert known["banking"].strength(row) is None


def test_a_measurement_is_written_as_its_columns_say() -> None:
    cells = DUMMY.cells(DUMMY.compute(drawn_look()))
    assert cells == {"dummy_ratio": "0.250", "dummy_ratio_se": "0.125"}
    assert list(DUMMY.meanings()) == ["dummy_ratio", "dummy_ratio_se"]
    with pytest.raises(ValueError, match="does not declare"):
        DUMMY.cells(Measurement({"other": 1}))


def test_a_registered_sign_is_gone_afterwards() -> None:
    with registered(DUMMY):
        assert get_sign("dummy") is DUMMY
    with pytest.raises(KeyError, match="expected a sign of caliber"):
        get_sign("dummy")


@pytest.mark.parametrize("sign", signs(), ids=lambda sign: sign.name)
def test_every_sign_measures_a_drawn_crossing_in_columns_that_it_declares(sign: Sign) -> None:
    look = drawn_look()
    measured = sign.compute(look)
    cells = sign.cells(measured)
    assert cells.keys() <= sign.meanings().keys()
    assert all(isinstance(text, str) for text in sign.sentences(cells))
    assert sign.sentences({}) == []
    if sign.draw is not None:
        for line in sign.draw(look, measured):
            assert line.ndim == 2 and line.shape[1] == 2
