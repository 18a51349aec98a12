"""What the tables of docs/RESULTS.md are made of."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

Results = dict[str, Any]


def number(results: Results, name: str) -> str:
    """A metric with its interval, such as `.553 (.512 to .590)`."""
    text = f"{results['metrics'][name]:.3f}"
    if name in results["ci95"]:
        low, high = results["ci95"][name]
        text += f" ({low:.3f} to {high:.3f})"
    return short(text)


def short(text: str) -> str:
    """Numbers below 1 without their leading zero."""
    return re.sub(r"\b0\.", ".", text)


def head(columns: Collection[str]) -> list[str]:
    """First lines of a table whose rows have labels."""
    return [f"| | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]


def known(results: Results, name: str) -> str:
    """`number`, or nothing for what was not measured."""
    return number(results, name) if name in results["metrics"] else ""


def row(label: str, cells: Iterable[str]) -> str:
    """A line of a table whose rows have labels."""
    return f"| {label} | {' | '.join(cells)} |"


def ended(results: Results, lines: Iterable[str]) -> str:
    """A whole table: its lines, and where its figures come from."""
    return "\n".join([*lines, "", origin(results)])


def origin(results: Results) -> str:
    """The command, commit and seeds that made the figures."""
    commit = results["commit"][:10]
    return f"`{results['command']}` (commit {commit}, seeds {results['seeds']})"


def facts_table(results: Results, rows: Mapping[str, str]) -> str:
    """Labels and what is said of them, without columns of their own."""
    lines = ["| | |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in rows.items())]
    return ended(results, lines)


def plain(name: str) -> str:
    """A model's name as words."""
    return name.replace("_", " ")


def measured_table(
    results: Results, rows: Iterable[tuple[str, str]], columns: Mapping[str, str]
) -> str:
    """Rows of labels and names, those whose first column was measured."""
    lines = head(columns.values())
    for label, name in rows:
        if f"{name}_{next(iter(columns))}" in results["metrics"]:
            cells = (number(results, f"{name}_{column}") for column in columns)
            lines.append(row(label, cells))
    return ended(results, lines)
