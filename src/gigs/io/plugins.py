"""Models of other packages: what they are called in their own packaging metadata (entry points)."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from gigs.errors import ModelError


def names(group: str) -> list[str]:
    """Names that installed packages give in a group such as `gigs.generators`."""
    return sorted({point.name for point in entry_points(group=group)})


def load(group: str, name: str) -> Any | None:
    """What an installed package means by a name; None where none gives it.

    Only what was installed on purpose is ever imported: a file can ask for a name, but not say where it leads.

    Raises:
        ModelError: Two packages give the name, or it cannot be imported.
    """
    points: dict[str, EntryPoint] = {point.value: point for point in entry_points(group=group) if point.name == name}
    if not points:
        return None
    if len(points) > 1:
        raise ModelError(
            f"{group}: {name!r} is given by {' and by '.join(sorted(points))}; uninstall one of the packages"
        )
    (point,) = points.values()
    try:
        return point.load()
    except Exception as error:  # a package of somebody else can fail in any way
        raise ModelError(f"{group}: {name!r} leads to {point.value}, which cannot be imported ({error})") from error
