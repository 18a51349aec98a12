"""Read settings from YAML, over a base, with dotted overrides; unknown keys are refused.

Settings are a dataclass whose fields are sections, themselves dataclasses: a grader's (`config.py`)
or another training's.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

import yaml

from av_grading.config import ALLOWED, RENAMED, Config, ConfigError

_PACKAGE = Path(__file__).parents[1]
_PACKED = _PACKAGE / "configs"
CONFIGS = _PACKED if _PACKED.is_dir() else _PACKAGE.parent / "configs" / "grading"
"""Folder of this project's configs: the wheel has them in this package, a checkout beside it."""
Settings = TypeVar("Settings")
_GRADER = Config()
BASE = "_BASE_"
"""Key of the file, relative to this one, whose settings a YAML file changes."""


@overload
def load_config(path: Path | None, overrides: Sequence[str] = ()) -> Config: ...
@overload
def load_config(
    path: Path | None, overrides: Sequence[str] = (), defaults: Settings = ...
) -> Settings: ...
def load_config(path: Path | None, overrides: Sequence[str] = (), defaults: Any = _GRADER) -> Any:
    """Read a YAML file, by path or its name in `CONFIGS`, over its base or the defaults, then
    `section.key=value` overrides.

    Args:
        path: of the file; None for the defaults.
        overrides: of single keys.
        defaults: settings where nothing else is said; a grader's unless given.

    Raises:
        ConfigError: unreadable, an unknown or renamed key, a value of another type or none of
            those allowed, or bases that go round; names file and key.
    """
    config = defaults if path is None else _read(find_config(path), (), defaults)
    for text in overrides:
        name, sign, value = text.partition("=")
        section, dot, key = name.partition(".")
        if not sign or not dot:
            raise ConfigError(f"override: expected section.key=value, found {text!r}")
        config = _merge(config, {section: {key: yaml.safe_load(value)}}, "override")
    return config


def load_config_text(text: str, where: str, *, initial_weights: bool = True) -> Config:
    """Read YAML over the defaults; it has no base.

    Args:
        text: the YAML.
        where: what messages call it.
        initial_weights: keep `model.weights` and `model.init_from`; a trained model needs
            none to start from.

    Raises:
        ConfigError: see `load_config`.
    """
    config = _merge(Config(), _parse(text, where), where)
    if not initial_weights:
        model = dataclasses.replace(config.model, weights="", init_from="")
        config = dataclasses.replace(config, model=model)
    return config


def find_config(path: Path) -> Path:
    """The path, or where nothing is there, the file of that name in `CONFIGS` if there is one."""
    packed = CONFIGS / path
    return packed if not path.exists() and packed.is_file() else path


def dump_config(config: object) -> str:
    """YAML that `load_config` reads, of any settings."""
    return yaml.safe_dump(_plain(dataclasses.asdict(config)), sort_keys=False)  # type: ignore[call-overload]


def flat(config: dict[str, Any]) -> dict[str, Any]:
    """Sections with keys as `section.key` → value."""
    return {f"{s}.{k}": v for s, values in config.items() for k, v in values.items()}


def _plain(value: Any) -> Any:
    """Tuples as lists, which YAML knows."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _read(path: Path, derived: tuple[Path, ...], defaults: Settings) -> Settings:
    """A file over its base or the defaults; `derived` are the files that it is a base of."""
    if path.resolve() in derived:
        raise ConfigError(f"{path}: {BASE}: it is its own base")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        named = f"{derived[-1]}: {BASE}: " if derived else ""
        raise ConfigError(f"{named}{path}: not a readable file: {error}") from error
    content = _parse(text, str(path))
    base = content.pop(BASE, None)
    if base is None:
        return _merge(defaults, content, str(path))
    if not isinstance(base, str):
        raise ConfigError(f"{path}: {BASE}: expected a file name, found {base!r}")
    config = _read(path.parent / base, (*derived, path.resolve()), defaults)
    return _merge(config, content, str(path))


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: expected sections with keys, found {type(content).__name__}")
    return content


def _merge(config: Settings, content: dict[str, Any], where: str) -> Settings:
    sections: dict[str, Any] = {}
    known = {f.name for f in dataclasses.fields(config)}  # type: ignore[arg-type]
    of_grader = isinstance(config, Config)
    for section, values in content.items():
        if section not in known:
            raise ConfigError(f"{where}: unknown section {section!r}, there are {sorted(known)}")
        if not isinstance(values, dict):
            raise ConfigError(f"{where}: {section}: expected keys with values, found {values!r}")
        old = getattr(config, section)
        changes = {k: _fit(old, section, k, v, where, of_grader) for k, v in values.items()}
        try:
            sections[section] = dataclasses.replace(old, **changes)
        except ConfigError as error:  # of a section that checks its own values
            raise ConfigError(f"{where}: {section}.{error}") from error
    return dataclasses.replace(config, **sections)  # type: ignore[type-var]


def _fit(section: Any, section_name: str, key: str, value: Any, where: str, of_grader: bool) -> Any:
    """The value as the section's own type, of a grader's one of `ALLOWED` where it is a choice."""
    name = f"{section_name}.{key}"
    where = f"{where}: {name}"
    if of_grader and name in RENAMED:
        raise ConfigError(f"{where}: this key is now {RENAMED[name]}")
    if not hasattr(section, key):
        names = sorted(f.name for f in dataclasses.fields(section))
        raise ConfigError(f"{where}: unknown key, there are {', '.join(names)}")
    kind = type(getattr(section, key))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is float and isinstance(value, str):  # YAML reads 1e-3 as a word
        try:
            return float(value)
        except ValueError:
            pass
    if kind is str and value is None:
        return ""
    if kind is tuple and isinstance(value, list) and all(type(v) is int for v in value):
        return tuple(value)
    if type(value) is not kind:
        expected = "a list of integers" if kind is tuple else kind.__name__
        raise ConfigError(f"{where}: expected {expected}, found {value!r}")
    if of_grader and value not in ALLOWED.get(name, (value,)):
        allowed = ", ".join(map(str, ALLOWED[name]))
        raise ConfigError(f"{where}: expected one of {allowed}, found {value!r}")
    return value
