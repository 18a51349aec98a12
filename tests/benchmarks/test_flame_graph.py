"""Flame graphs: what is sampled, what is counted, and what is drawn."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.flame_graph import SAMPLER, TOP, call_tree, draw

PROGRAM = """
import sys, time

def busy(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

def long_in_c():
    sum(range(12_000_000))

busy(0.15)
long_in_c()
sys.exit(int(sys.argv[1]))
"""
SAMPLES = [
    ([f"a:{TOP}", "b:look", "torch.nn.modules.module:Module._call_impl", "c:conv"], 2.0),
    ([f"a:{TOP}", "b:look"], 1.0),
    ([f"a:{TOP}", "b:write <page>"], 1.0),
    ([f"a:{TOP}", "b:pipeline_of", "b:_load"], 9.0),
    (["a:main"], 9.0),
]


@pytest.mark.parametrize("code", [0, 3])
def test_cpu_time_is_counted_where_it_is_spent(tmp_path: Path, code: int) -> None:
    program, output = tmp_path / "program.py", tmp_path / "samples.json"
    program.write_text(PROGRAM)
    command = [sys.executable, str(SAMPLER), str(output), str(program), str(code)]
    assert subprocess.run(command, timeout=300).returncode == code
    seconds: dict[str, float] = {}
    for stack, value in json.loads(output.read_text()):
        seconds[stack[-1]] = seconds.get(stack[-1], 0.0) + value
    assert 0.1 < seconds["__main__:busy"] < 0.25
    assert seconds["__main__:long_in_c"] > 0.02  # though no sample is taken in the midst of it


def test_what_is_below_a_photograph_counts_without_loading() -> None:
    tree = call_tree(SAMPLES, photographs=2)
    assert tree.seconds == 2.0 and tree.depth() == 3 and tree.depth(1.2) == 2
    assert {name: node.seconds for name, node in tree.below.items()} == {
        "b:look": 1.5,
        "b:write <page>": 0.5,
    }
    assert tree.below["b:look"].below["c:conv"].seconds == 1.0
    with pytest.raises(ValueError, match=f"expected samples below {TOP}"):
        call_tree(SAMPLES[-2:], photographs=2)


def test_boxes_are_as_wide_as_their_time() -> None:
    tree = call_tree(SAMPLES, photographs=1)
    root = ElementTree.fromstring(draw({"before": tree, "now": tree}, "a & b"))
    boxes = {}
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        title, box = group[0].text or "", group[1].attrib
        boxes[title.partition(":")[0]] = float(box["width"])
    assert boxes["c.conv"] == pytest.approx(boxes["b.look"] * 2 / 3, abs=0.1)
    assert boxes["b.write <page>"] == pytest.approx(boxes[TOP] / 4, abs=0.1)
