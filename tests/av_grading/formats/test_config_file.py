"""Settings: defaults, YAML, dotted overrides, and what is refused."""

from pathlib import Path

import pytest

from av_grading.config import Config, ConfigError
from av_grading.formats.config_file import CONFIGS, find_config, load_config


def test_yaml_over_defaults_and_overrides_over_both(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("train: {lr: 1e-3, epochs: 7}\nmodel: {weights: }\n")
    config = load_config(path, ["train.epochs=9", "model.kind=one_stream", "augment.flip=false"])
    assert config.train.lr == 0.001 and config.train.epochs == 9
    assert config.model.kind == "one_stream" and config.model.weights == ""
    assert not config.augment.flip and config.data == Config().data


def test_a_base_is_changed(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "c.yaml").write_text("train: {lr: 1e-3, epochs: 7}\n")
    (tmp_path / "more" / "d.yaml").write_text("_BASE_: ../c.yaml\ntrain: {epochs: 9}\n")
    (tmp_path / "e.yaml").write_text("_BASE_: more/d.yaml\nmodel: {depth: 50}\n")
    config = load_config(tmp_path / "e.yaml")
    assert (config.train.lr, config.train.epochs, config.model.depth) == (0.001, 9, 50)


def test_own_configs_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named = Path("cpu", "two_stream.yaml")
    assert find_config(named) == CONFIGS / named and load_config(named).model.kind == "two_stream"
    named.parent.mkdir()
    named.write_text("model: {kind: one_stream}\n")
    assert load_config(named).model.kind == "one_stream"


def test_wrong_bases(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("_BASE_: d.yaml\n")
    with pytest.raises(ConfigError, match=r"c\.yaml: _BASE_: .*d\.yaml: not a readable file"):
        load_config(path)
    (tmp_path / "d.yaml").write_text("_BASE_: c.yaml\n")
    with pytest.raises(ConfigError, match=r"c\.yaml: _BASE_: it is its own base"):
        load_config(path)
    path.write_text("_BASE_: [d.yaml]\n")
    with pytest.raises(ConfigError, match=r"c\.yaml: _BASE_: expected a file name, found \['d"):
        load_config(path)


def test_dump_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    config = load_config(None, ["train.seed=3", "semi.weight=1"])
    path.write_text(config.dump())
    assert load_config(path) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: {lrr: 1}", r"c\.yaml: train\.lrr: unknown key, there are .*lr"),
        ("train: {loss: corm}", r"train\.loss: expected one of ce, ce_qwk, corn, found 'corm'"),
        ("model: {pooling: max}", r"model\.pooling: expected one of bilinear, concat, both"),
        ("model: {depth: 19}", r"c\.yaml: model\.depth: expected one of 18, 34, 50, found 19"),
        ("data: {inner: 0.2}", r"data\.inner: this key is now data\.val_fraction"),
        ("model: {level: true}", r"model\.level: this key is now model\.align_vein"),
        ("model: {start: a}", r"model\.start: this key is now model\.init_from"),
        ("train: {widths: 1}", r"train\.widths: this key is now train\.width_loss_weight"),
        ("trane: {lr: 1}", r"c\.yaml: unknown section 'trane'"),
        ("train: {epochs: many}", r"train\.epochs: expected int, found 'many'"),
        ("train: {epochs: true}", r"train\.epochs: expected int, found True"),
        ("train: 3", r"train: expected keys with values, found 3"),
        ("- a", r"expected sections with keys, found list"),
        ("a: [1", r"not readable as YAML"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(path)


@pytest.mark.parametrize("text", ["train.epochs", "epochs=3", "train.no=1", "train.lr=fast"])
def test_wrong_overrides(text: str) -> None:
    with pytest.raises(ConfigError, match="override"):
        load_config(None, [text])


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: not a readable file"):
        load_config(tmp_path / "none.yaml")
