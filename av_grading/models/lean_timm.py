"""timm's ResNets without its other models, whose import takes longer than torch's.

`timm` and `timm.models` import every model there is when they are imported. Here they are entered
with their code left for later: it runs as soon as anybody asks them for a name, so that a program
that uses timm beside this package finds all of it.
"""

import importlib
import sys
import warnings
from importlib.util import find_spec, module_from_spec
from typing import Any, cast

from torch import nn

PACKAGES = ("timm", "timm.models")
"""Whose code waits, each after the one that it lies in."""


def _enter(name: str) -> None:
    """Put a package among the imported ones; its code runs when a name of it is asked for.

    Raises:
        ImportError: there is none.
    """
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ImportError(f"expected the package {name}, found none", name=name)
    package, loader = module_from_spec(spec), spec.loader

    def find(wanted: str) -> Any:
        if wanted == "__version__" and find_spec(f"{name}.version") is not None:
            return importlib.import_module(f"{name}.version").__version__
        if wanted.startswith("__"):  # as tools ask every module for
            raise AttributeError(f"module {name!r} has no attribute {wanted!r}")
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, wanted)

    package.__dict__["__getattr__"] = find
    sys.modules[name] = package
    above, _, own = name.rpartition(".")
    if above:
        setattr(sys.modules[above], own, package)


def timm_module(name: str) -> Any:
    """A module of timm by its full name, imported without the models that it does not need."""
    if PACKAGES[0] not in sys.modules:
        for package in PACKAGES:
            _enter(package)
    with warnings.catch_warnings():
        # timm imports huggingface_hub, which wants ipywidgets in notebooks; nothing is downloaded.
        warnings.filterwarnings("ignore", "IProgress not found")
        return importlib.import_module(name)


def create_resnet(name: str, **settings: Any) -> nn.Module:
    """What `timm.create_model` makes of the name of a ResNet and the same settings."""
    return cast(nn.Module, getattr(timm_module("timm.models.resnet"), name)(**settings))
