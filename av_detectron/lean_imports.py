"""Import torchvision without torch's compiler, which takes longer to import than torch itself.

torchvision's RoIAlign asks the compiler a question where an operator is missing or a GPU has to be
deterministic, and imports all of it for that. Here the question stays, and the import waits for it.
"""

import sys
from types import ModuleType

_COMPILER = "torch._dynamo.utils"


def is_compile_supported(device: str) -> bool:
    """Whether torch can compile for a device, asked of torch when somebody wants to know."""
    from torch._dynamo.utils import is_compile_supported as ask

    return bool(ask(device))


def import_torchvision() -> None:
    """Import torchvision; nothing is left in the place of torch's compiler."""
    if _COMPILER in sys.modules:
        import torchvision  # noqa: F401

        return
    waiting = ModuleType(_COMPILER)
    waiting.__dict__["is_compile_supported"] = is_compile_supported
    sys.modules[_COMPILER] = waiting
    try:
        import torchvision  # noqa: F401
    finally:
        if sys.modules.get(_COMPILER) is waiting:
            del sys.modules[_COMPILER]
