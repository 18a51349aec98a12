"""torchvision's operators, without its models, data sets and transforms, and torch's compiler.

Detectron2 takes RoIAlign and NMS from `torchvision.ops` and nothing else. torchvision imports all
of itself when it is imported, and torch's compiler, which takes longer than torch: RoIAlign asks it
a question where an operator is missing or a GPU has to be deterministic. Here the operators are
imported where they live; the rest of torchvision, and the question, wait until somebody asks.
"""

import importlib
import sys
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

_PACKAGE = "torchvision"
_OPERATORS = ("extension", "_autograd_registrations", "_meta_registrations", "ops")
"""Modules of torchvision, in the order in which it imports them: the library of operators before
what registers their gradients and shapes."""
_COMPILER = "torch._dynamo.utils"


def is_compile_supported(device: str) -> bool:
    """Whether torch can compile for a device, asked of torch when somebody wants to know."""
    from torch._dynamo.utils import is_compile_supported as ask

    return bool(ask(device))


def import_operators() -> None:
    """Import `torchvision.ops`; nothing is left in the place of torch's compiler.

    Raises:
        ImportError: there is no torchvision.
    """
    if _PACKAGE not in sys.modules:
        _enter(_PACKAGE)
    waiting = ModuleType(_COMPILER)
    waiting.__dict__["is_compile_supported"] = is_compile_supported
    sys.modules.setdefault(_COMPILER, waiting)
    try:
        for name in _OPERATORS:
            importlib.import_module(f"{_PACKAGE}.{name}")
    finally:
        if sys.modules.get(_COMPILER) is waiting:
            del sys.modules[_COMPILER]


def _enter(name: str) -> None:
    """Put a package among the imported ones; its code runs when a name is asked for that it alone
    can give.

    Raises:
        ImportError: there is none.
    """
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ImportError(f"expected the package {name}, found none", name=name)
    package, loader = module_from_spec(spec), spec.loader

    def find(wanted: str) -> Any:
        if wanted == "__version__":
            return importlib.import_module(f"{name}.version").__version__
        if wanted.startswith("__"):  # as tools ask every module for
            raise AttributeError(f"module {name!r} has no attribute {wanted!r}")
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, wanted)

    package.__dict__["__getattr__"] = find
    sys.modules[name] = package
