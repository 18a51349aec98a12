"""Read experiments: each YAML file here is one, a set of rules with command, inputs and outputs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
EXTERNAL = ("AV_DATA",)
"""What a command may take from the user's environment: `{AV_DATA}`, the photographs' folder."""

_FILE = {"variables", "environment", "rules"}
_RULE = {"command", "inputs", "outputs", "copies", "environment", "each"}


class RuleError(ValueError):
    """An experiment that cannot be run; names file and rule."""


@dataclass(frozen=True)
class Rule:
    """One command, and the files that it reads and makes.

    Attributes:
        experiment: name of the YAML file.
        name: of the rule in it.
        command: words behind `python`; `{AV_DATA}` is filled in when it is run.
        inputs: files; paths are relative to the repository.
        outputs: files, those that are copied included.
        copies: (from, to), made when the command is done.
        environment: variables that are set for the command.
    """

    experiment: str
    name: str
    command: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    copies: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """`experiment:name`, as the command line has it."""
        return f"{self.experiment}:{self.name}"


def read_rules(paths: Iterable[Path] | None = None) -> list[Rule]:
    """Rules of experiments, in an order in which they can be run.

    Args:
        paths: YAML files; those of this folder by default.

    Raises:
        RuleError: a file cannot be read, two rules make one file, or rules go round.
    """
    files = sorted(FOLDER.glob("*.yaml")) if paths is None else list(paths)
    return _ordered([rule for path in files for rule in _read(path)])


def makers(rules: Iterable[Rule]) -> dict[str, Rule]:
    """The rule that makes each output.

    Raises:
        RuleError: two rules make one file, or have one name.
    """
    found: dict[str, Rule] = {}
    for rule in rules:
        for name in (rule.title, *rule.outputs):
            if name in found:
                raise RuleError(
                    f"{name}: expected one rule, found {found[name].title}, {rule.title}"
                )
            found[name] = rule
    return {name: rule for name, rule in found.items() if name != rule.title}


def _ordered(rules: list[Rule]) -> list[Rule]:
    made_by = makers(rules)
    # Lists, not sets: the order is the same in every process.
    needs = {
        rule: list(dict.fromkeys(made_by[i] for i in rule.inputs if i in made_by)) for rule in rules
    }
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " <- ".join(rule.title for rule in error.args[1])
        raise RuleError(f"rules go round: {circle}") from error


def _read(path: Path) -> Iterator[Rule]:
    """Rules of one file, each for every combination of its `each`."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError(f"{path}: not readable as YAML: {error}") from error
    _check_keys(f"{path}", content, _FILE)
    variables = content.get("variables") or {}
    for name, body in (content.get("rules") or {}).items():
        where = f"{path}: rule {name}"
        _check_keys(where, body, _RULE)
        each = _filled({"each": body.get("each") or {}}, variables, where)["each"]
        for values in product(*each.values()):
            chosen = dict(zip(each, values, strict=True))
            environment = {**(content.get("environment") or {}), **(body.get("environment") or {})}
            raw = {**body, "each": {}, "name": name, "environment": environment}
            yield _rule(path.stem, _filled(raw, {**variables, **chosen}, where), where)


def _check_keys(where: str, content: Any, known: set[str]) -> None:
    if not isinstance(content, dict):
        raise RuleError(f"{where}: expected keys with values, found {type(content).__name__}")
    if unknown := set(content) - known:
        raise RuleError(f"{where}: unknown {sorted(unknown)}, there are {sorted(known)}")


def _filled(raw: dict[str, Any], variables: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`raw` with its `${variable}` filled in."""
    try:
        node = OmegaConf.create({**variables, "rule": raw}).rule
        filled: dict[str, Any] = OmegaConf.to_container(node, resolve=True)  # type: ignore[assignment]
    except OmegaConfBaseException as error:
        raise RuleError(f"{where}: {str(error).splitlines()[0]}") from error
    return filled


def _rule(experiment: str, filled: dict[str, Any], where: str) -> Rule:
    command = str(filled.get("command") or "").split()
    copies = tuple((str(c["from"]), str(c["to"])) for c in filled.get("copies") or ())
    outputs = [*(filled.get("outputs") or ()), *(to for _, to in copies)]
    if not command or not outputs:
        raise RuleError(f"{where}: expected a command and outputs")
    return Rule(
        experiment,
        str(filled["name"]),
        tuple(command),
        tuple(str(i) for i in filled.get("inputs") or () if i),
        tuple(str(o) for o in outputs),
        copies,
        tuple((k, str(v)) for k, v in filled["environment"].items()),
    )
