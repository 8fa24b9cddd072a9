"""What a page sends, checked: a page can be made to send anything."""

from __future__ import annotations

from pathlib import Path

from gigs.service.limits import NAMED
from gigs.service.problems import PlainError
from gigs.studio import texts
from gigs.transfer.keep import KINDS


def colours_written(value: object) -> str:
    """Names and hex values of colours as a visitor wrote them; empty where there are none.

    Raises:
        PlainError: Something else, or too much.
    """
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > NAMED or not value.isprintable():
        raise PlainError(texts.ODD_COLOURS)
    return value.strip()


def uploaded(given: object, uploads: Path) -> Path | None:
    """The file of an upload; None for anything that was not uploaded: addresses, other files, links, folders."""
    if not isinstance(given, str) or not given.isprintable() or "://" in given:
        return None
    path, root = Path(given), uploads.resolve()
    if not path.is_absolute() or path.is_symlink() or not path.is_file() or root not in path.resolve().parents:
        return None
    return path


def kept_names(value: object) -> tuple[str, ...]:
    """What must not change, of what the page offers.

    Raises:
        PlainError: Something that the page does not offer.
    """
    chosen = [] if value is None else value
    if not isinstance(chosen, list) or not all(one in KINDS for one in chosen):
        raise PlainError(texts.ODD_NUMBER)
    return tuple(chosen)


def number(value: object, low: float, high: float) -> float:
    """A number of the page, within its bounds.

    Raises:
        PlainError: It is none, or outside.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise PlainError(texts.ODD_NUMBER)
    return float(value)
