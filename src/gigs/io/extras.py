"""Libraries that only some features need: installed with an extra, and named if they are missing."""

from __future__ import annotations

from importlib.util import find_spec

from gigs.errors import InputError


def is_installed(module: str) -> bool:
    """Whether a top-level module can be imported; it is not imported."""
    return find_spec(module) is not None


def require(module: str, extra: str, what: str) -> None:
    """Check that a module is installed, before anything is computed.

    Args:
        module: Top-level module, such as `matplotlib`.
        extra: The extra of gigs that installs it.
        what: What needs it; the message begins with this.

    Raises:
        InputError: It is not installed. The message names the extra.
    """
    if not is_installed(module):
        raise InputError(f"{what} needs {module}, which is not installed: pip install 'gigs[{extra}]'")
