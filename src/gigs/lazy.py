"""Names that a package offers, imported when they are first asked for: importing PyTorch and pandas takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def exports(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's `__getattr__` (PEP 562) for what its package offers.

    Args:
        package: The package's `__name__`.
        homes: By name, the module that defines it.

    Returns:
        A function that imports a name's module and gives the name; any other name is an `AttributeError`.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return find
