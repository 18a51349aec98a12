"""What a release says of itself agrees: version, linters, sizes that were promised."""

import re
from pathlib import Path

import yaml


def version_of(repo: Path) -> str:
    found = re.search(r'version="([^"]+)"', (repo / "setup.py").read_text())
    assert found, "setup.py: expected a version"
    return found[1]


def test_version_stands_in_one_place_and_its_copies_agree(repo: Path) -> None:
    version = version_of(repo)
    citation = yaml.safe_load((repo / "CITATION.cff").read_text())
    assert citation["version"] == version
    headings = re.findall(r"^## (\S+) - (\S+)$", (repo / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == (version, str(citation["date-released"]))
    for package in ("av_detectron", "av_grading", "av_screening"):
        assert f'__version__ = "{version}"' not in (repo / package / "__init__.py").read_text()


def test_pre_commit_runs_the_linters_of_make_test(repo: Path) -> None:
    """Hooks take the environment's own linters, whose versions setup.py pins."""
    hooks = yaml.safe_load((repo / ".pre-commit-config.yaml").read_text())["repos"]
    assert [r["repo"] for r in hooks] == ["local"]
    entries = {h["entry"].replace(" --force-exclude", "") for h in hooks[0]["hooks"]}
    assert all(h["language"] == "system" for h in hooks[0]["hooks"])
    makefile = (repo / "Makefile").read_text()
    setup = (repo / "setup.py").read_text()
    assert entries == {"ruff check", "ruff format --check", "mypy", "lint-imports"}
    for entry in entries:
        assert entry in makefile, f"Makefile: expected {entry} in `make test`"
    for package in ("ruff", "mypy", "import-linter"):
        assert re.search(rf'"{package}==[\d.]+"', setup), f"setup.py: expected {package} pinned"


def test_ci_runs_make_test(repo: Path) -> None:
    job = yaml.safe_load((repo / ".github/workflows/ci.yml").read_text())["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert "make test" in [step.get("run") for step in job["steps"]]


def test_readme_is_a_page(repo: Path) -> None:
    readme = (repo / "README.md").read_text().splitlines()
    assert len(readme) <= 150
    assert any(line.startswith("![") for line in readme[:20]), "a picture on the first screen"


def test_paths_that_contributors_are_sent_to_exist(repo: Path) -> None:
    table = (repo / "CONTRIBUTING.md").read_text().partition("## To add")[2]
    paths = re.findall(r"`([\w.]+(?:/[\w.-]*)+)`", table)
    assert len(paths) > 20
    assert not [path for path in paths if not (repo / path).exists()]


def test_links_lead_somewhere(repo: Path) -> None:
    for page in ("README.md", "CONTRIBUTING.md", "datasets/README.md"):
        for target in re.findall(r"\]\(([^)#\s]+)", (repo / page).read_text()):
            if "://" not in target:
                assert ((repo / page).parent / target).exists(), f"{page}: {target}"


def test_modules_that_pages_name_exist(repo: Path) -> None:
    pages = [p for p in (repo / "docs").rglob("*.md") if p.name != "RESULTS.md"]
    found = 0
    for page in [*pages, repo / "README.md", repo / "CONTRIBUTING.md"]:
        text = page.read_text("utf-8")
        named = re.findall(r"`((?:av_\w+|tools|experiments|datasets)/[\w/.-]+)`", text)
        found += len(named)
        assert not [path for path in named if not (repo / path).exists()], page
    assert found > 40


def test_modules_that_the_drawn_way_names_exist(repo: Path) -> None:
    drawing = (repo / "docs/images/through-the-code.svg").read_text("utf-8")
    modules = {path.as_posix() for path in repo.glob("av_*/**/*.py")}
    named = re.findall(r">([\w/]+\.py)<", drawing)
    assert len(named) > 10
    assert not [name for name in named if not any(m.endswith(f"/{name}") for m in modules)]
