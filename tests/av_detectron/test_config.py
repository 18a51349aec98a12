"""Config files: found by name, built into models, unknown keys refused."""

from pathlib import Path

import pytest

from av_detectron.config import RENAMED_KEYS, find_config, load_config, tolerance_of


def config_names() -> list[str]:
    configs = Path(__file__).resolve().parents[2] / "configs"
    found = (p.relative_to(configs) for p in configs.rglob("*.yaml"))
    return sorted(str(p) for p in found if p.parts[0] != "grading")


@pytest.mark.parametrize("name", config_names())
def test_every_config_loads(repo: Path, name: str) -> None:
    cfg = load_config(find_config(name, repo / "configs"), ["SOLVER.MAX_ITER", "7"])
    assert cfg.SOLVER.MAX_ITER == 7
    assert cfg.MODEL.ROI_HEADS.NUM_CLASSES == 1


def test_configs_are_found_by_path_and_by_name(repo: Path) -> None:
    path = repo / "configs" / "cpu" / "safpn_mask_rcnn.yaml"
    assert find_config(str(path), Path("/nowhere")) == path
    assert find_config("cpu/safpn_mask_rcnn.yaml", repo / "configs") == path


def test_unknown_name_lists_the_known(repo: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"'none\.yaml' not found; .*safpn_mask_rcnn\.yaml"):
        find_config("none.yaml", repo / "configs")


def test_unknown_keys_are_refused_with_file_and_key(repo: Path, tmp_path: Path) -> None:
    base = repo / "configs" / "cpu" / "safpn_mask_rcnn.yaml"
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"_BASE_: {base}\nMODEL:\n  SAFPN:\n    ATENTION: image\n")
    with pytest.raises(ValueError, match=r"mine\.yaml.*MODEL\.SAFPN\.ATENTION"):
        load_config(mine, [])
    with pytest.raises(ValueError, match=r"SOLVER\.LR"):
        load_config(base, ["SOLVER.LR", "1"])


@pytest.mark.parametrize("text", ["just words", "- a\n- b\n", "a: [1, 2", "MODEL: 3\n"])
def test_files_that_are_no_config(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"mine\.yaml"):
        load_config(path, [])


@pytest.mark.parametrize(("old", "new"), RENAMED_KEYS.items())
def test_keys_of_earlier_versions_are_refused_by_their_new_names(
    tmp_path: Path, old: str, new: str
) -> None:
    *nodes, key = old.split(".")
    text = f"{key}: 1\n"
    for node in reversed(nodes):
        text = f"{node}:\n" + "".join(f"  {line}\n" for line in text.splitlines())
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"mine\.yaml: Key {old} was renamed to {new};"):
        load_config(path, [])
    path.write_text("SEED: 1\n")
    with pytest.raises(ValueError, match=rf"mine\.yaml {old} 1: Key {old} was renamed to {new};"):
        load_config(path, [old, "1"])


def test_a_set_has_a_tolerance_of_its_own(repo: Path) -> None:
    base, key = repo / "configs" / "cpu" / "safpn_av.yaml", "TEST.CROSSPOS.SET_TOLERANCES"
    changes = ["TEST.CROSSPOS.TOLERANCE", "9.0", key, "[['hrf', 7.5], ['les_av', 5]]"]
    cfg = load_config(base, changes)
    asked = ("hrf_val", "les_av_test", "drive_val")
    assert [tolerance_of(cfg, f"crosspos_{name}") for name in asked] == [7.5, 5.0, 9.0]
    for wrong in ("['hrf', 7.5]", "[['hrf', 0]]", "[['hrf', 'near']]"):
        with pytest.raises(ValueError, match="expected pairs of a set and a number above 0"):
            tolerance_of(load_config(base, [key, wrong]), "crosspos_hrf_val")
