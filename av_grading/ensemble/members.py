"""Which graders are in a team: YAML of names, config files and settings."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from av_grading.config import Config, ConfigError
from av_grading.formats.config_file import find_config, load_config


@dataclass(frozen=True)
class Member:
    """One grader of a team.

    Attributes:
        name: of its folder and in tables.
        config: everything that it is trained with.
    """

    name: str
    config: Config


def read_team(path: Path, overrides: list[str]) -> list[Member]:
    """Read a team.

    The file has one key, `members`: a list with `name`, `config` (a file beside this one) and
    `settings` (words `section.key=value`, may be left out).

    Args:
        path: the YAML file, or its name in `config_file.CONFIGS`.
        overrides: settings of all members, over their own.

    Raises:
        ConfigError: unreadable, other keys, a name twice, fewer than two members, or members whose
            folds differ; names the file.
    """
    path = find_config(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not a readable YAML file: {error}") from error
    listed = content.get("members") if isinstance(content, dict) else None
    if not isinstance(listed, list) or set(content) != {"members"}:
        raise ConfigError(f"{path}: expected the key members with a list, and no other")
    members = [_member(path, entry, overrides) for entry in listed]
    names = [m.name for m in members]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigError(f"{path}: expected two or more members of different names, found {names}")
    splits = {(m.config.data.folds, m.config.train.seed) for m in members}
    if len(splits) > 1:
        raise ConfigError(
            f"{path}: expected one data.folds and train.seed for all members, found "
            f"{sorted(splits)}: predictions out of fold need the same folds"
        )
    return members


def _member(path: Path, entry: object, overrides: list[str]) -> Member:
    if not isinstance(entry, dict) or not {"name", "config"} <= set(entry):
        raise ConfigError(f"{path}: expected members with name and config, found {entry!r}")
    unknown = sorted(set(entry) - {"name", "config", "settings"})
    if unknown:
        raise ConfigError(f"{path}: unknown key {unknown[0]!r} of a member")
    name, settings = entry["name"], entry.get("settings", [])
    if not isinstance(name, str) or not name.replace("_", "").isalnum():
        raise ConfigError(f"{path}: expected a name of letters, digits and _, found {name!r}")
    if not isinstance(settings, list) or not all(isinstance(s, str) for s in settings):
        raise ConfigError(f"{path}: {name}: expected settings as a list of section.key=value")
    return Member(name, load_config(path.parent / str(entry["config"]), [*settings, *overrides]))
