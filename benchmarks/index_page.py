"""How fast the index of a large run opens, and what memory its tab takes.

    python -m benchmarks.index_page out_phantom/ --photographs 2000 --output results/index_page.json

The outputs of a run over drawn photographs are repeated under other names until there are enough;
the index is then opened from its file in Debian's chromium, several times. First paint is what the
browser reports (first contentful paint, ms after navigation starts); memory is that of the tab's
process. Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from av_detectron.evaluation.reporting import run_report
from av_grading.formats.results import write_results
from av_screening.write.folder_names import PHOTOGRAPHS
from av_screening.write.page import index_page
from av_screening.write.whole_folder import read_record

ROUNDS = 5
PAINTED = "performance.getEntriesByName('first-contentful-paint')"
LISTED = "document.querySelectorAll('#list tr').length"


def write_index(run: Path, output: Path, count: int) -> Path:
    """The index of `count` photographs and the thumbnails that it shows; returns its path.

    Raises:
        ValueError: `run` has no photograph.
    """
    folders = sorted(p.name for p in (run / PHOTOGRAPHS).glob("*"))
    records = [r for r in (read_record(run, name) for name in folders) if r is not None]
    if not records:
        raise ValueError(f"{run}: expected the folder of a run, found no photograph in it")
    repeated = []
    for number in range(count):
        record = records[number % len(records)]
        name = f"eye_{number:05}.png"
        folder = f"{PHOTOGRAPHS}/{name}"
        (output / folder).mkdir(parents=True)
        shutil.copy(run / record["summary"]["folder"] / "thumbnail.jpg", output / folder)
        summary = record["summary"] | {"photograph": name, "folder": folder}
        repeated.append(record | {"summary": summary})
    with (output / "index.html").open("w", encoding="utf-8") as file:
        file.writelines(index_page("run", repeated, [], {"done": count, "failed": 0}))
    return output / "index.html"


def measure(index: Path) -> dict[str, float]:
    """Metrics of opening a page, the median of `ROUNDS`."""
    from playwright.sync_api import sync_playwright

    paints, loads, memory, heaps = [], [], [], []
    with sync_playwright() as started:
        chromium = started.chromium
        for _ in range(ROUNDS):
            browser = chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--enable-precise-memory-info"],
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(index.as_uri(), wait_until="load")
            if page.evaluate(LISTED) == 0:
                raise ValueError(f"{index}: expected photographs in its list, found none")
            page.wait_for_function(f"{PAINTED}.length > 0")  # it is told a moment later
            paints.append(page.evaluate(f"{PAINTED}[0].startTime"))
            loads.append(
                page.evaluate(
                    "performance.timing.loadEventEnd - performance.timing.navigationStart"
                )
            )
            heaps.append(page.evaluate("performance.memory.usedJSHeapSize") / 2**20)
            memory.append(tab_mib(browser))
            browser.close()
    return {
        "first_paint_ms": median(paints),
        "loaded_ms": median(loads),
        "tab_mib": median(memory),
        "script_heap_mib": median(heaps),
        "index_mb": index.stat().st_size / 1e6,
    }


def tab_mib(browser: Any) -> float:
    """Resident memory of the largest renderer."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = []
    for process in processes:
        if process["type"] == "renderer":
            lines = Path(f"/proc/{process['id']}/status").read_text().splitlines()
            sizes += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")]
    return max(sizes)


def report(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        metrics = measure(write_index(args.run, Path(folder), args.photographs))
    metrics["photographs"] = args.photographs
    data = f"{args.photographs} photographs, the outputs of {args.run.name} repeated"
    write_results(args.output, metrics=metrics, seeds=[], data=data)
    print({name: round(value, 1) for name, value in metrics.items()})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="output folder of a run over drawn photographs")
    parser.add_argument("--photographs", type=int, default=2000)
    parser.add_argument("--output", type=Path, required=True, help="results file to write")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
