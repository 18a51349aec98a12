"""Tables of speed and memory."""

import re

from tables.parts import Results, ended, facts_table, head, number, plain, row


def benchmark_table(results: Results) -> str:
    """Throughput against others, where the time goes, memory."""
    metrics = results["metrics"]
    stages = re.findall(r"\bstage_(\w+)_seconds\b", " ".join(metrics))
    workers = metrics["workers"]
    few, many = results["data"]["memory_photographs"]
    rows = {
        "speed, against stock R50-FPN and ResNet50": number(results, "speedup_vs_stock_r50"),
        "speed, against separate stages of the same depth": number(
            results, "speedup_vs_separate_stages"
        ),
        f"seconds a photograph, {workers:g} at once: pipeline, stock, separate": ", ".join(
            f"{metrics[f'{name}_seconds']:.2f}"
            for name in ("pipeline", "stock_r50", "separate_stages")
        ),
        f"seconds of its stages: {', '.join(stages)}": ", ".join(
            f"{metrics[f'stage_{stage}_seconds']:.3f}" for stage in stages
        ),
        f"peak memory, growth from {few} to {many} photographs": (
            f"{metrics['peak_memory_mib']:.0f} MiB, "
            f"{100 * metrics[f'memory_growth_{few}_to_{many}']:+.1f} %"
        ),
        f"share of the convolution peak in {results['data']['precision']}: all, detector's pass": (
            ", ".join(
                f"{100 * metrics[name]:.0f} %" for name in ("peak_fraction", "pass_peak_fraction")
            )
        ),
        "that peak": f"{metrics['peak_gflops']:.0f} GFLOP/s",
    }
    return facts_table(results, rows)


def precision_table(results: Results) -> str:
    """What bfloat16 changes against float32."""
    metrics, count = results["metrics"], len(results["data"]["photographs"])
    names = {
        "found_in_both": f"crossings ({metrics['crossings']:.0f} of {count} photographs): in both",
        "gradable_in_both": f"gradable ones ({metrics['gradable']:.0f}): gradable in both",
        "same_grade": "these: the same grade",
        "expected_grade_difference": "mean difference of their expected grades",
        "severity_difference": "mean difference of an eye's severity",
        "other_labels": "vessel pixels of the map with another label",
        "speedup": "speed, against float32",
    }
    rows = {text: number(results, name) for name, text in names.items()}
    rows["largest difference of an expected grade"] = (
        f"{metrics['largest_expected_grade_difference']:.2f}"
    )
    return facts_table(results, rows)


def pass_over_before_table(results: Results) -> str:
    """One pass against an earlier detector's, and its memory on a large photograph."""
    metrics, memory = results["metrics"], results["data"]["memory"]
    rows = {
        "one pass, against that of 0.1.0": number(results, "pass_over_before"),
        "seconds: now, 0.1.0": ", ".join(
            f"{metrics[f'{name}_seconds']:.2f}" for name in ("detector", "before")
        ),
        f"peak memory on {memory['width']} × {memory['height']} px": (
            f"{metrics['peak_mib']:.0f} MiB"
        ),
        "the same above an idle interpreter": f"{metrics['peak_mib_above_idle']:.0f} MiB",
    }
    return facts_table(results, rows)


def earlier_version_table(results: Results) -> str:
    """The screening command against that of an earlier version."""
    metrics, version = results["metrics"], results["data"]["version"]
    both = ("now", "before")
    rows = {
        f"seconds a photograph, against {version}'s": number(results, "photograph_over_before"),
        f"seconds a photograph: now, {version}": ", ".join(
            f"{metrics[f'{n}_seconds']:.2f}" for n in both
        ),
        f"seconds to the first result: now, {version}": ", ".join(
            f"{metrics[f'{n}_first_result_seconds']:.1f}" for n in both
        ),
    }
    return facts_table(results, rows)


def sign_time_table(results: Results) -> str:
    """A photograph with all signs against one without."""
    metrics = results["metrics"]
    rows = {
        "seconds a photograph, with signs against without": number(
            results, "with_over_without_signs"
        ),
        "seconds a photograph: with signs, without": ", ".join(
            f"{metrics[f'{n}_seconds']:.2f}" for n in ("with", "without")
        ),
    }
    return facts_table(results, rows)


def resume_table(results: Results) -> str:
    """Going on with a run of which everything is done."""
    metrics, data = results["metrics"], results["data"]
    rows = {
        f"seconds to go on with {data['photographs']:,} photographs that are done": (
            f"{metrics['resume_seconds']:.1f}"
        ),
        "MB that are read and hashed for it": f"{metrics['read_mb']:.0f}",
    }
    return facts_table(results, rows)


def engines_table(results: Results) -> str:
    """Networks run by several engines: speed, and share of vessel pixels labelled otherwise."""
    metrics = results["metrics"]
    names = re.findall(r"\bpass_(\w+)_seconds\b", " ".join(metrics))
    columns = ("detector's pass: speed", "other labels", "close-up network: speed", "other labels")
    lines = head(columns)
    for name in names:
        cells = []
        for part in ("pass", "close_up"):
            changed = metrics[f"{part}_{name}_changed"]
            cells += [number(results, f"{part}_{name}_speedup"), f"{100 * changed:.1f} %"]
        lines.append(row(plain(name), cells))
    return ended(results, lines)


def scaling_table(results: Results) -> str:
    """Runs over few and many photographs, with one worker and several."""
    metrics = results["metrics"]
    lines = head(("photographs", "seconds each", "seconds to the first", "largest process (MiB)"))
    for workers, count in results["data"]["runs"]:
        name = f"{workers}_workers_{count}"
        cells = (
            f"{count:,}",
            f"{metrics[f'{name}_seconds']:.2f}",
            f"{metrics[f'{name}_first_result_seconds']:.1f}",
            f"{metrics[f'{name}_peak_mib']:.0f}",
        )
        lines.append(row(f"{workers} worker{'s' * (workers > 1)}", cells))
    return ended(results, lines)
