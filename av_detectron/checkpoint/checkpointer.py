"""Checkpoints that are read safely and refused when they do not fit."""

import os
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from detectron2.checkpoint import DetectionCheckpointer
from torch import nn

from av_detectron.modeling.low_rank import LowRankConv2d, full_ranks
from av_detectron.modeling.se_resnet import SE_KEY

RENAMED_WEIGHTS = {"av_head.predict.": "av_head.predictor."}
"""Beginnings of names of weights in files of earlier versions, and what they are now."""
RENAMED_STATE = {"average": "ema"}
"""The same of what a checkpoint holds to resume from."""


class CheckpointError(ValueError):
    """A checkpoint is unreadable, holds more than weights, or fits another model."""


class _ArrayUnpickler(pickle.Unpickler):
    """Reads the arrays and plain containers of Detectron2's .pkl files, and nothing else."""

    ALLOWED = {
        ("collections", "OrderedDict"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("_codecs", "encode"),
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it holds {module}.{name}, expected arrays only")
        return super().find_class(module, name)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read .pth (tensors and plain values only), .safetensors, or Detectron2's .pkl (arrays only).

    Raises:
        CheckpointError: missing, not a checkpoint, or it holds other objects; names the file.
    """
    try:
        if path.suffix == ".safetensors":
            return {"model": safetensors.torch.load_file(path)}
        if path.suffix == ".pkl":
            with path.open("rb") as file:
                return _ArrayUnpickler(file, encoding="latin1").load()
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: expected a checkpoint, found no file") from error
    except Exception as error:  # each format's parser raises what it likes on foreign bytes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: not a checkpoint of tensors ({reason})") from error
    if not isinstance(loaded, dict):
        raise CheckpointError(f"{path}: expected a dict of weights, found {type(loaded).__name__}")
    return loaded


def refuse_renamed(names: Iterable[str], renamed: dict[str, str], path: Path) -> None:
    """Refuse a file with names of an earlier version.

    Args:
        names: what the file holds.
        renamed: beginning of a name → what it is now.
        path: of the file.

    Raises:
        CheckpointError: one of the names begins so; names the file, and the name as it is now.
    """
    for name in names:
        for old, new in renamed.items():
            if name.startswith(old):
                raise CheckpointError(
                    f"{path}: {name} was renamed to {new}{name.removeprefix(old)}; "
                    "CHANGELOG.md says how to convert files of earlier versions"
                )


class CrossPosCheckpointer(DetectionCheckpointer):
    """Detectron2's checkpointer, reading safely and refusing weights of another shape."""

    def _load_file(self, filename: str) -> dict[str, Any]:
        loaded = read_checkpoint(Path(filename))
        if filename.endswith(".pkl") and "__author__" not in loaded:
            blobs = loaded.get("blobs", loaded)
            weights = {k: v for k, v in blobs.items() if not k.endswith("_momentum")}
            return {"model": weights, "__author__": "Caffe2", "matching_heuristics": True}
        refuse_renamed(loaded, RENAMED_STATE, Path(filename))
        loaded = loaded if "model" in loaded else {"model": loaded}
        refuse_renamed(loaded["model"], RENAMED_WEIGHTS, Path(filename))
        return loaded

    def _load_model(self, checkpoint: dict[str, Any]) -> Any:
        if not any(isinstance(part, LowRankConv2d) for part in self.model.modules()):
            checkpoint = {**checkpoint, "model": full_ranks(checkpoint["model"])}
        incompatible = super()._load_model(checkpoint)
        wrong = [f"{k}: found {a}, expected {b}" for k, a, b in incompatible.incorrect_shapes]
        new = [k for k in incompatible.missing_keys if k.startswith("backbone.bottom_up.")]
        missing = [k for k in new if SE_KEY not in k]
        unknown = [k for k in incompatible.unexpected_keys if "bottom_up.res" in k]
        backbone_wrong = [w for w in wrong if w.startswith("backbone.")]
        if backbone_wrong or missing or unknown:
            details = [*backbone_wrong, *(f"{k}: missing" for k in missing)]
            details += [f"{k}: not in this model" for k in unknown]
            raise CheckpointError(
                f"the backbone has another depth, norm or kind than the config says "
                f"({len(details)} differences): {'; '.join(details[:3])} …"
            )
        if new:
            self.logger.info("New in this model, not in the weights: %s", ", ".join(new))
        return incompatible

    def save(self, name: str, **kwargs: Any) -> None:
        """Save everything needed to resume, whole or not at all, and mark it as the last."""
        if self.save_dir and self.save_to_disk:
            state = {key: obj.state_dict() for key, obj in self.checkpointables.items()}
            self._write(name, {"model": self.model.state_dict(), **state, **kwargs})
            self.tag_last_checkpoint(f"{name}.pth")

    def save_weights(self, name: str, model: nn.Module) -> None:
        """Save a model's weights alone; `--resume` does not start from them."""
        if self.save_dir and self.save_to_disk:
            inner = getattr(model, "module", model)  # of a distributed model
            self._write(name, {"model": inner.state_dict()})

    def _write(self, name: str, content: dict[str, Any]) -> None:
        path = Path(self.save_dir) / f"{name}.pth"
        temporary = path.with_suffix(".tmp")
        torch.save(content, temporary)
        os.replace(temporary, path)
        self.logger.info("Saved %s", path)

    def load(self, path: str, checkpointables: list[str] | None = None) -> dict[str, Any]:
        """Load as Detectron2 does.

        Raises:
            CheckpointError: see `read_checkpoint`, or the weights are of another depth; the
                message names the file.
        """
        try:
            return super().load(path, checkpointables)
        except CheckpointError as error:
            message = str(error)
            raise CheckpointError(
                message if message.startswith(str(path)) else f"{path}: {message}"
            ) from error
        except AssertionError as error:
            raise CheckpointError(str(error)) from error
