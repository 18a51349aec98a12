"""Pages of the site that are made: the reference from docstrings, notebooks, files of the repo.

Links from docs/ to files outside of it work on GitHub; on the site they lead to a page where there
is one, and are plain text elsewhere. A link to a file that does not exist stops the build.
"""

import ast
import re
from pathlib import Path
from posixpath import normpath, relpath

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from av_screening.command_line.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("av_detectron", "av_grading", "av_screening")
LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
# What the repo has outside of docs/: section of the site, file there, file here.
OTHERS = {
    "datasets/README.md": ("Reference", "reference/data.md"),
    "av_detectron/weights/README.md": ("Reference", "reference/detector-card.md"),
    "av_grading/weights/README.md": ("Reference", "reference/grader-card.md"),
    "results/tried.md": ("Results", "tried.md"),
    "experiments/README.md": ("How-to", "how-to/experiments.md"),
    "CONTRIBUTING.md": ("How-to", "how-to/contributing.md"),
    "CHANGELOG.md": ("Results", "changes.md"),
}


def public_modules(folder: Path) -> list[str]:
    """Modules of one folder that are documented, by dotted name."""
    files = [f for f in sorted(folder.glob("*.py")) if not f.name.startswith("_")]
    names = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files]
    if folder.parent == ROOT:
        names.insert(0, folder.name)
    return names


def reference_pages() -> dict[str, str]:
    """A page for each folder of each package: its modules, from their docstrings."""
    pages = {}
    for package in PACKAGES:
        folders = [ROOT / package, *sorted(f for f in (ROOT / package).rglob("*") if f.is_dir())]
        for folder in folders:
            modules = public_modules(folder)
            if not (folder / "__init__.py").is_file() or not modules:
                continue
            name = ".".join(folder.relative_to(ROOT).parts)
            body = "\n\n".join(f"::: {module}" for module in modules)
            pages[f"reference/{name}.md"] = f"# {name}\n\n{body}\n"
    return pages


def commands_page() -> str:
    """Every command with what it says of itself: usage, what it writes, exit codes."""
    modules = {c.name: ROOT / f"{c.module.replace('.', '/')}.py" for c in COMMANDS}
    entries = [(f"av-nicking {name}", file) for name, file in modules.items()]
    for file in sorted((ROOT / "tools").glob("*.py")):
        if "`av-nicking " not in file.read_text(encoding="utf-8"):  # else it is listed already
            entries.append((f"python {file.relative_to(ROOT)}", file))
    for package in (*PACKAGES, "benchmarks"):
        for file in sorted((ROOT / package).rglob("*.py")):
            if file in modules.values():
                continue
            if "\n    python -m " in (ast.get_docstring(ast.parse(file.read_text())) or ""):
                parts = file.relative_to(ROOT).with_suffix("").parts
                name = ".".join(p for p in parts if p != "__main__")
                entries.append((f"python -m {name}", file))
    page = "# Commands\n\nEach lists all its options with `--help`.\n"
    for command, file in entries:
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
        if text is None:
            raise PluginError(f"{file}: expected a docstring that says how the command is used")
        page += f"\n## `{command}`\n\n{text}\n"
    return page


def notebook_page(path: Path) -> str:
    """A notebook's text and code."""
    cells = nbformat.read(path, as_version=4).cells
    texts = [
        c.source if c.cell_type == "markdown" else f"```python\n{c.source}\n```" for c in cells
    ]
    return "\n\n".join(texts) + f"\n\nAs a notebook: `docs/notebooks/{path.name}`.\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the made pages, and to the navigation with them."""
    sections = {next(iter(s)): next(iter(s.values())) for s in config.nav or []}
    made = [("Reference", "reference/commands.md", commands_page())]
    made += [("Reference", name, text) for name, text in reference_pages().items()]
    made += [
        (section, name, (ROOT / source).read_text(encoding="utf-8"))
        for source, (section, name) in OTHERS.items()
    ]
    for path in sorted((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        files.remove(files.src_uris[f"notebooks/{path.name}"])
        made.append(("Tutorials", f"notebooks/{path.stem}.md", notebook_page(path)))
    for section, name, text in made:
        files.append(File.generated(config, name, content=text))
        sections[section].append(name)
    if "FORMATS.md" in files.src_uris:
        sections["Reference"].append("FORMATS.md")
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to files outside of docs/ to their pages.

    Raises:
        PluginError: a link to what does not exist; names page and link.
    """
    pages = {source: name for source, (_, name) in OTHERS.items()}
    source = {name: source for source, name in pages.items()}.get(page.file.src_uri)
    here = Path(source or f"docs/{page.file.src_uri}").parent.as_posix()
    own = Path(page.file.src_uri).parent.as_posix()

    def lead(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        if ":" in target:
            return match[0]
        path = normpath(f"{here}/{target}")
        if path in pages:
            return f"[{text}]({relpath(pages[path], own)}{anchor})"
        inside = path.removeprefix("docs/")
        if inside != path and inside in files.src_uris:
            return f"[{text}]({relpath(inside, own)}{anchor})"
        if not (ROOT / path).exists():
            raise PluginError(f"{page.file.src_uri}: {target}: expected a file of the repository")
        return text

    parts = re.split(r"(^```.*?^```)", markdown, flags=re.M | re.S)
    return "".join(p if p.startswith("```") else LINK.sub(lead, p) for p in parts)
