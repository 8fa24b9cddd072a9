"""Import torchvision, and what builds on it, without PyTorch's compiler, which takes as long to import as PyTorch.

torchvision imports the compiler (`torch._dynamo`) for the sake of one question that `roi_align` asks when it is called;
gigs never calls it. timm and lpips import torchvision, so each run of gigs would pay for a compiler that it does not
use.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from types import ModuleType
from typing import Any

ASKED = "torch._dynamo.utils"  # the module that torchvision.ops.roi_align asks
_LOCK = threading.Lock()


def import_torchvision() -> ModuleType:
    """torchvision. Call this before `import timm` or `import lpips`.

    A stand-in answers for `torch._dynamo.utils` while torchvision is imported, and is taken away again. Where a version
    of torchvision asks for more than the one function, it is imported the usual way.
    """
    with _LOCK:
        if "torchvision" in sys.modules or ASKED in sys.modules:
            return import_module("torchvision")
        stand_in: Any = ModuleType(ASKED)
        stand_in.is_compile_supported = _is_compile_supported
        sys.modules[ASKED] = stand_in
        try:
            return import_module("torchvision")
        except ImportError:
            sys.modules.pop(ASKED, None)
            return import_module("torchvision")
        finally:
            if sys.modules.get(ASKED) is stand_in:
                del sys.modules[ASKED]


def _is_compile_supported(device_type: str) -> bool:
    """What the compiler itself says; by now somebody wants it."""
    from torch._dynamo.utils import is_compile_supported

    return bool(is_compile_supported(device_type))
