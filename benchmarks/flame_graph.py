"""Where a photograph's time goes, as a flame graph: of this version, below an earlier one.

    python -m benchmarks.flame_graph eye.tif --before d7bf7d1 --output results/flame_graph.svg

Each version screens copies of the photograph with its own command, one process of one thread, from
file to review pages. Loading the models is left out. A box is a function, as wide as the CPU time
that it and what it calls take; below it lie the functions that it calls. Both versions have one
scale. Point at a box to read its name and seconds.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from av_detectron.evaluation.reporting import run_report
from av_grading.formats.files import write_whole
from benchmarks.earlier_version import ROOT, check_out
from benchmarks.screening import SCREEN, run_screening

SAMPLER = Path(__file__).with_name("stack_samples.py")
TOP = "screen_photograph"
"""The function that does all of a photograph, in every version since 0.2.0."""
LOADING = ("_load", "_find_and_load")
"""Functions below it that load models and import modules, once in a run."""
PLUMBING = (
    "torch.nn.modules.module",
    "torch.nn.modules.container",
    "torch.utils._contextlib",
    "contextlib",
)
"""Modules whose frames are left out: their callers and callees say what happens."""
WIDTH, ROW, LETTER = 1400, 16, 6.1
"""Of the picture, of a box's height, and of a letter (px)."""
NARROWEST = 0.6
"""Boxes below this are not drawn (px)."""
COLORS = {
    "av_screening": "#e8b04a",
    "av_grading": "#e0795a",
    "av_detectron": "#c9639a",
    "torch": "#7d8fd6",
    "detectron2": "#7d8fd6",
    "timm": "#7d8fd6",
}
OTHER = "#8fbf8a"
"""Of other libraries."""


@dataclass
class Node:
    """A function called from one place: its seconds of CPU time, with all that it calls."""

    seconds: float = 0.0
    below: dict[str, "Node"] = field(default_factory=dict)

    def add(self, stack: list[str], seconds: float) -> None:
        """Count a sample, given as the functions below this one."""
        self.seconds += seconds
        if stack:
            self.below.setdefault(stack[0], Node()).add(stack[1:], seconds)

    def depth(self, least: float = 0.0) -> int:
        """Levels of functions that take so many seconds at least, this one included."""
        below = [node.depth(least) for node in self.below.values() if node.seconds >= least]
        return 1 + max(below, default=0)


def call_tree(samples: list[tuple[list[str], float]], photographs: int) -> Node:
    """Samples of `stack_samples`, as seconds of one photograph below `TOP`.

    Raises:
        ValueError: none lies below it.
    """
    tree = Node()
    for stack, seconds in samples:
        names = [frame.rpartition(":")[2] for frame in stack]
        if TOP not in names or set(names) & set(LOADING):
            continue
        frames = stack[names.index(TOP) + 1 :]
        kept = [frame for frame in frames if frame.rpartition(":")[0] not in PLUMBING]
        tree.add(kept, seconds / photographs)
    if not tree.seconds:
        raise ValueError(f"expected samples below {TOP}, found none of {len(samples)}")
    return tree


def draw(panels: dict[str, Node], note: str) -> str:
    """SVG of call trees by title, one below the other, on one scale.

    Args:
        panels: of seconds of a photograph.
        note: what was run, for those who read the file.
    """
    scale = WIDTH / max(tree.seconds for tree in panels.values())
    parts: list[str] = []
    top = 4
    for title, tree in panels.items():
        text = f"{title}: {tree.seconds:.2f} s of CPU time a photograph"
        parts.append(f'<text x="2" y="{top + 14}" font-size="14">{escape(text)}</text>')
        top += 22
        _draw_node(parts, TOP, tree, 0.0, top, scale, tree.seconds)
        top += tree.depth(NARROWEST / scale) * ROW + 14
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'height="{top}" font-family="monospace" font-size="10">'
    )
    ground = f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>'
    return "\n".join([head, f"<desc>{escape(note)}</desc>", ground, *parts, "</svg>\n"])


def _draw_node(
    parts: list[str], frame: str, node: Node, x: float, y: float, scale: float, whole: float
) -> None:
    width = node.seconds * scale
    if width < NARROWEST:
        return
    module, _, name = frame.rpartition(":")
    color = COLORS.get(module.partition(".")[0], OTHER) if module else "#cccccc"
    share = f"{node.seconds:.3f} s, {100 * node.seconds / whole:.1f} %"
    shown = f"{name.removesuffix('.__call__').removesuffix('.forward')} {module}".strip()
    fits = int((width - 4) / LETTER)
    text = shown if len(shown) <= fits else shown[: max(0, fits - 1)] + "…"
    label = f'<text x="{x + 2:.1f}" y="{y + 11:.0f}">{escape(text)}</text>' if fits > 3 else ""
    parts.append(
        f"<g><title>{escape(f'{module}.{name}'.strip('.'))}: {share}</title>"
        f'<rect x="{x:.1f}" y="{y:.0f}" width="{width:.1f}" height="{ROW - 1}" fill="{color}"/>'
        f"{label}</g>"
    )
    for called, below in sorted(node.below.items(), key=lambda item: -item[1].seconds):
        _draw_node(parts, called, below, x, y + ROW, scale, whole)
        x += below.seconds * scale


def sample(checkout: Path, photographs: Path, folder: Path) -> Node:
    """Screen a folder with a version's command, and see where the time of a photograph goes.

    Args:
        checkout: files of the version.
        photographs: the folder.
        folder: for its outputs.

    Raises:
        ValueError: the command failed.
    """
    samples = folder / "samples.json"
    program = (str(SAMPLER), str(samples), *SCREEN)
    options = ["--workers", "1", "--threads", "1"]
    run = run_screening(photographs, folder / "run", options, program=program, checkout=checkout)
    return call_tree(json.loads(samples.read_text(encoding="utf-8")), len(run.results))


def report(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        photographs = Path(name) / "photographs"
        photographs.mkdir()
        for number in range(args.copies):
            shutil.copy(args.photograph, photographs / f"{number}{args.photograph.suffix}")
        versions = {"now": ROOT}
        if args.before:
            earlier = Path(name) / "before"
            earlier.mkdir()
            check_out(args.before, earlier)
            versions = {f"before ({args.before})": earlier, **versions}
        panels = {}
        for number, (title, checkout) in enumerate(versions.items()):
            folder = Path(name) / str(number)
            folder.mkdir()
            print(f"screening: {title}", flush=True)
            panels[title] = sample(checkout, photographs, folder)
    note = f"{args.photograph.name}, {args.copies} copies, python -m benchmarks.flame_graph"
    write_whole(args.output, draw(panels, note))
    print({title: round(tree.seconds, 3) for title, tree in panels.items()})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photograph", type=Path, help="file")
    add("--before", metavar="COMMIT", help="of this repository, 0.2.0 or later")
    add("--output", type=Path, required=True, help="SVG to write")
    add("--copies", type=int, default=4, help="of the photograph, screened one after the other")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
