"""What code and templates can say: every message that catalogues need, found where it is said."""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from av_grading.formats.grade_definition import MEANING
from av_grading.gradable import REASONS
from av_grading.signs.caliber import NOT_GRADABLE
from av_grading.signs.read_sides import WORDS
from av_grading.signs.registry import findings, signs
from av_screening.write.notice import NOTICE
from av_screening.write.standards import SIGNS_SHOWN

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "av_screening" / "templates"
CALL = re.compile(r'\btranslate\((?:"([^"]*)"|(\w+(?:\(\w+\))?))')
"""Of `translate` in templates and scripts: the message, or what else stands in its place."""
ELSEWHERE = {
    "av_grading/signs/read_sides.py": WORDS,
    "av_screening/write/page.py": (
        *(NOTICE, *MEANING.values(), *SIGNS_SHOWN.values()),
        *(finding.title for finding in findings()),
    ),
    "av_screening/write/review_data.py": [sign.title for sign in signs()],
}
"""Messages of `translate(name)`, by the file that calls it."""
DRAWN = [sign.name.replace("_", " ") for sign in signs() if sign.draw and sign.name != "caliber"]
"""Likewise, of scripts."""
PACKAGES = ("av_grading", "av_screening")
NOT_ON_PAGES = "av_grading/simulation"
"""Whose reasons nobody reads on a page."""
VALUES = {
    "name": ("vein", "artery"),
    "found": ("none part at the crossing", "the straightest meet at 15"),
}
"""What stands at places of reasons; a number at others."""
PASSED_ON = ("why", "self.vessels.why", "too_narrow(width)", "too_narrow(vessels.artery_width)")
"""Reasons that `NotMeasurable` gets from variables and functions of these names."""

TEMPLATE_CODE = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}|<(style|script).*?</\1>", re.DOTALL)
COMMENT = re.compile(r"^\s*//.*$|\s// .*$", re.MULTILINE)
WORD = re.compile(r"[A-Za-z]{2,}")
WORDS_TOGETHER = re.compile(r"[A-Za-z]{2,}[.,:;]? [A-Za-z]{2,}")
FOR_BROWSERS = ("answer present", "#", "input:not(", "button, a, summary", "translate(${view.x}px")
"""How texts of scripts begin that are classes, selectors and styles."""
WHY = "av_screening/write/why.py"
SAYING = ("str", "list[str]", "'Drawing | None'")
"""What functions that say something return."""


def of_pages() -> set[str]:
    """Messages of templates and scripts; fails at a call whose message is not said there."""
    found = set(DRAWN)
    for path in sorted([*TEMPLATES.glob("*.html"), *TEMPLATES.glob("*.js")]):
        for call in CALL.finditer(path.read_text("utf-8")):
            if call[1] is not None:
                found.add(call[1])
            else:
                assert call[2] in ("words(sign)", "message"), f"{path.name}: {call[0]}"
    return found


def of_python() -> set[str]:
    """Messages of Python; fails at a call whose message is not said there, nor in `ELSEWHERE`."""
    found = {text for texts in ELSEWHERE.values() for text in texts}
    for name, call in _calls("translate"):
        message = call.args[0]
        if isinstance(message, ast.Constant):
            found.add(message.value)
        else:
            assert name in ELSEWHERE, f"{name}, line {call.lineno}: expected a message"
    return found


def reasons() -> set[str]:
    """Reasons as tables have them, with one value or other at their places."""
    found = {reason.text.format(0.25) for reason in REASONS.values()}
    found |= {"no reason is given", NOT_GRADABLE}
    for name, call in _calls("NotMeasurable"):
        texts = set(_texts(call.args[0]))
        if name.startswith(NOT_ON_PAGES):
            continue
        assert texts or ast.unparse(call.args[0]) in PASSED_ON, f"{name}, line {call.lineno}"
        found |= texts
    for _, call in _calls("Measurement"):
        if call.args and isinstance(call.args[0], ast.Dict):
            for key, value in zip(call.args[0].keys, call.args[0].values, strict=True):
                if ast.unparse(key).strip("'").endswith("not_measurable"):
                    found |= set(_texts(value))
    for text in _returned("vessels/reflex.py", "too_narrow"):
        found.add(text)
    for text in _returned("caliber/severity.py", "_failure"):
        found |= {
            f"first side {text}",
            f"second side {text}",
            f"first side {text}; second side {text}",
        }
    for node in ast.walk(ast.parse((ROOT / "av_grading/vessels/follow.py").read_text("utf-8"))):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "why":
            found |= set(_texts(node.value))
    return found


def _calls(function: str) -> Iterator[tuple[str, ast.Call]]:
    """Calls of a function with the files they are in."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == function:
                    yield name, node


def _returned(file: str, function: str) -> Iterator[str]:
    """Texts that a function of av_grading returns."""
    for node in ast.walk(ast.parse((ROOT / "av_grading" / file).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    yield from _texts(inner.value)


def _texts(node: ast.AST) -> Iterator[str]:
    """What a text in the code may read like; nothing of what is no text, or is empty."""
    if isinstance(node, ast.Constant):
        yield from [node.value] if node.value else []
    elif isinstance(node, ast.JoinedStr):
        parts = [
            (part.value,)
            if isinstance(part, ast.Constant)
            else VALUES.get(ast.unparse(part.value), ("1.5",))
            for part in node.values
        ]
        yield from map("".join, itertools.product(*parts))


def not_translated() -> list[str]:
    """Words that readers would see in English in every language: texts of templates, and of what
    Python says of a crossing, that do not go through `translate`."""
    found = []
    for path in sorted(TEMPLATES.glob("*.html")):
        if path.name != "figures.html":  # of the cohort report, which is English
            text = TEMPLATE_CODE.sub("", path.read_text("utf-8"))
            shown = re.findall(r">([^<>]+)<", text)
            shown += re.findall(r'(?:aria-label|alt|title|placeholder)="([^"]+)"', text)
            found += [f"{path.name}: {part}" for part in shown if WORD.search(part)]
    for path in sorted(TEMPLATES.glob("*.js")):
        text = CALL.sub("", COMMENT.sub("", path.read_text("utf-8")))
        for part in map("".join, re.findall(r'"([^"\n]*)"|`([^`\n]*)`', text)):
            said = WORDS_TOGETHER.search(re.sub(r"\$\{[^}]*\}", "", part))
            if said and not part.startswith(FOR_BROWSERS):
                found.append(f"{path.name}: {part}")
    known = reasons()
    for path in [*sorted((ROOT / "av_grading/signs").glob("*.py")), ROOT / WHY]:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or node) in SAYING:
                texts = [text for part in node.body[1:] for text in _said(part)]
                found += [f"{path.name}, {node.name}: {t}" for t in texts if t not in known]
    return found


def _said(node: ast.AST) -> Iterator[str]:
    """Texts of several words that are not in a call of `translate`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "translate":
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and WORDS_TOGETHER.search(node.value):
            yield node.value
    for child in ast.iter_child_nodes(node):
        yield from _said(child)
