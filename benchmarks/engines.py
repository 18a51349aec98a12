"""Ways to run the networks on a CPU: how fast, and how far their answers are from torch's.

    python -m benchmarks.engines photographs/ --output results/engines.json

The detector's dense part (features and map of a photograph at the working scale) and the close-up
network (batches of 8 crossings) run on the same photographs in turn, once with each engine that is
installed; int8 is calibrated on photographs that are not timed. Speed is a ratio of the sums of the
best of several rounds, intervals resample the inputs. An answer's error is the share of pixels,
among those that torch as it is calls vessel, to which the engine gives another label.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from av_detectron.data.annotations import read_photograph
from av_detectron.data.fov import detect_fov, measure_fov
from av_detectron.evaluation.detector_scores import bootstrap_metrics
from av_detectron.evaluation.reporting import run_report
from av_detectron.predictor import DEFAULT_WEIGHTS, Predictor
from av_grading.close_ups.cut import to_inputs
from av_grading.close_ups.fine_map import BATCH, load_close_up
from av_grading.formats.results import write_results
from av_screening.read.find_photographs import find_photographs
from av_screening.steps.second_look import cut_close_ups
from benchmarks.peak import DensePart

Inputs = Sequence[torch.Tensor]
Run = Callable[[torch.Tensor], NDArray[np.float32]]
Start = Callable[[nn.Module, Inputs, Path, int], Run]
"""A module, inputs to calibrate with, a folder to write to, threads → what runs it."""


class CloseUpPart(nn.Module):
    """Close-ups (B, 6, P, P) → logits of their maps and the features that are pooled."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network: Any = network

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        fine, deep = self.network.extract(images)
        return self.network.read_map(fine), deep


def _torch(
    module: Callable[..., Any], layout: torch.memory_format = torch.contiguous_format
) -> Run:
    @torch.no_grad()
    def run(image: torch.Tensor) -> NDArray[np.float32]:
        return np.asarray(module(image.contiguous(memory_format=layout))[0].numpy())

    return run


def start_torch(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    return _torch(module.to(memory_format=torch.contiguous_format))


def start_channels_last(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    return _torch(module.to(memory_format=torch.channels_last), torch.channels_last)


def start_bfloat16(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    module = module.to(memory_format=torch.channels_last)

    def rounded(image: torch.Tensor) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            logits, *rest = module(image)
        return logits.float(), *rest

    return _torch(rounded, torch.channels_last)


def start_torchscript(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    with torch.no_grad():
        traced = torch.jit.freeze(torch.jit.trace(module, inputs[0], check_trace=False))
    return _torch(traced)


def start_inductor(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    compiled = torch.compile(module.to(memory_format=torch.channels_last), dynamic=False)
    return _torch(compiled, torch.channels_last)


def _onnx(module: nn.Module, inputs: Inputs, folder: Path) -> Path:
    path = folder / "model.onnx"
    torch.onnx.export(
        module.to(memory_format=torch.contiguous_format),
        (inputs[0],),
        path,
        input_names=["image"],
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    return path


def _onnx_session(path: Path, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(image: torch.Tensor) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: image.numpy()})[0])

    return run


def start_onnxruntime(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    return _onnx_session(_onnx(module, inputs, folder), threads)


def start_onnxruntime_int8(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.rest = iter(inputs)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            image = next(self.rest, None)
            return None if image is None else {"image": image.numpy()}

    given, whole, small = (folder / f"{n}.onnx" for n in ("model", "prepared", "int8"))
    _onnx(module, inputs, folder)
    quant_pre_process(given, whole, skip_symbolic_shape=True)
    quantization.quantize_static(
        whole,
        small,
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        reduce_range=True,  # without it sums of products overflow on processors without VNNI
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    return _onnx_session(small, threads)


def _openvino_run(model: Any, threads: int, precision: str = "f32") -> Run:
    import openvino

    hints = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    compiled = openvino.Core().compile_model(model, "CPU", hints)

    def run(image: torch.Tensor) -> NDArray[np.float32]:
        return np.asarray(compiled(image.numpy())[0]).copy()

    return run


def start_openvino(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    return _openvino_run(_onnx(module, inputs, folder), threads)


def start_openvino_bfloat16(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    return _openvino_run(_onnx(module, inputs, folder), threads, "bf16")


def start_openvino_int8(module: nn.Module, inputs: Inputs, folder: Path, threads: int) -> Run:
    import nncf
    import openvino

    data = nncf.Dataset(list(inputs), lambda image: image.numpy())
    whole = openvino.Core().read_model(_onnx(module, inputs, folder))
    return _openvino_run(nncf.quantize(whole, data, subset_size=len(inputs)), threads)


ENGINES: dict[str, Start] = {
    "torch": start_torch,
    "channels_last": start_channels_last,
    "bfloat16": start_bfloat16,
    "torchscript": start_torchscript,
    "inductor": start_inductor,
    "onnxruntime": start_onnxruntime,
    "onnxruntime_int8": start_onnxruntime_int8,
    "openvino": start_openvino,
    "openvino_bfloat16": start_openvino_bfloat16,
    "openvino_int8": start_openvino_int8,
}
"""Name → how to start it; the first is what answers are compared with."""


def inputs_of(paths: Sequence[Path], predictor: Predictor) -> dict[str, list[torch.Tensor]]:
    """What the two networks take of photographs: one image each, and full batches of close-ups.

    Raises:
        ValueError: no batch is full; names the photographs.
    """
    images, close_ups = [], []
    for path in paths:
        pixels = read_photograph(path)
        fov = measure_fov(detect_fov(pixels))
        given = predictor.model.preprocess_image([predictor.inputs_of(pixels, fov)])
        images.append(given.tensor.contiguous())
        found = predictor(pixels, fov)
        if len(found.centers):
            patches, coarse = map(torch.from_numpy, cut_close_ups(pixels, found))
            close_ups.append(to_inputs(patches.permute(0, 3, 1, 2), coarse))
    if sum(map(len, close_ups)) < BATCH:
        names = ", ".join(path.name for path in paths)
        raise ValueError(f"{names}: expected at least {BATCH} crossings in these, found fewer")
    every = torch.cat(close_ups)
    batches = [b.contiguous() for b in every.split(BATCH) if len(b) == BATCH]
    # One shape for all, since some engines are built for one.
    return {"pass": [x for x in images if x.shape == images[0].shape], "close_up": batches}


def measure(run: Run, inputs: Inputs, rounds: int) -> tuple[NDArray[np.float64], list[Any]]:
    """Seconds for every input, the best of `rounds`, and the likeliest labels."""
    best, labels = np.full(len(inputs), np.inf), []
    for turn in range(rounds + 1):
        for number, image in enumerate(inputs):
            start = time.perf_counter()
            logits = run(image)
            seconds = time.perf_counter() - start
            if turn:
                best[number] = min(best[number], seconds)
            else:  # warms up
                labels.append(logits.argmax(axis=1))
    return best, labels


def compare(
    module: nn.Module, calibrate: Inputs, inputs: Inputs, args: argparse.Namespace
) -> tuple[dict[str, float], dict[str, list[float]], dict[str, str]]:
    """Figures of one network and their intervals by name, and why an engine has none."""
    seconds: dict[str, NDArray[np.float64]] = {}
    labels: dict[str, list[Any]] = {}
    left_out: dict[str, str] = {}
    for name in tqdm(args.engines, disable=None):
        with tempfile.TemporaryDirectory() as folder:
            try:
                run = ENGINES[name](module, calibrate, Path(folder), args.threads)
                seconds[name], labels[name] = measure(run, inputs, args.rounds)
            except Exception as error:  # whatever an engine that does not take it raises
                left_out[name] = f"{type(error).__name__}: {error}"[:200]
    first = next(iter(ENGINES))
    if first not in seconds:
        raise ValueError(f"{first}: expected it to run: {left_out.get(first, 'it was not asked')}")

    def ratios(chosen: NDArray[Any]) -> dict[str, float]:
        whole = seconds[first][chosen].sum()
        return {f"{name}_speedup": float(whole / s[chosen].sum()) for name, s in seconds.items()}

    metrics, ci95 = bootstrap_metrics(ratios, len(inputs), 1000, args.seed)
    vessels = sum(int((truth > 0).sum()) for truth in labels[first])
    for name, found in labels.items():
        pairs = zip(labels[first], found, strict=True)
        changed = sum(int(((truth > 0) & (truth != other)).sum()) for truth, other in pairs)
        metrics[f"{name}_changed"] = changed / max(vessels, 1)
        metrics[f"{name}_seconds"] = float(seconds[name].mean())
    return metrics, ci95, left_out


def report(args: argparse.Namespace) -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)  # of exporters, some hundred lines
    torch.set_num_threads(args.threads)
    paths = [args.photographs / p for p in find_photographs(args.photographs)]
    paths = paths[: args.count + args.calibrate]
    if len(paths) <= args.calibrate:
        raise ValueError(f"{args.photographs}: expected more than {args.calibrate} photographs")
    predictor = Predictor(args.detector, "cpu", n_views=1)
    calibrate = inputs_of(paths[: args.calibrate], predictor)
    inputs = inputs_of(paths[args.calibrate :], predictor)
    parts = {
        "pass": DensePart(predictor.model).eval(),
        "close_up": CloseUpPart(load_close_up().network).eval(),
    }
    metrics: dict[str, float] = {"threads": args.threads}
    ci95: dict[str, list[float]] = {}
    left_out: dict[str, str] = {}
    for part, module in parts.items():
        found, intervals, without = compare(module, calibrate[part], inputs[part], args)
        metrics |= {f"{part}_{name}": value for name, value in found.items()}
        ci95 |= {f"{part}_{name}": interval for name, interval in intervals.items()}
        left_out |= {f"{part}_{name}": why for name, why in without.items()}
    write_results(
        args.output,
        metrics=metrics,
        ci95=ci95,
        seeds=[args.seed],
        data={"photographs": [p.name for p in paths], "to_calibrate": args.calibrate},
        left_out=left_out,
    )
    print({name: round(value, 3) for name, value in metrics.items()}, left_out)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, help="folder")
    add("--output", type=Path, required=True, help="results file to write")
    add("--detector", type=Path, default=DEFAULT_WEIGHTS, help="file of tools/release_weights.py")
    add("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    add("--count", type=int, default=6, help="photographs that are timed, at most")
    add("--calibrate", type=int, default=4, help="photographs that int8 is calibrated with")
    add("--rounds", type=int, default=3, help="times that every input is taken")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--seed", type=int, default=0, help="of the resampling")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
