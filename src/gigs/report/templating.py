"""What all pages are made with: one set of templates in a language, and pictures inside the page."""

from __future__ import annotations

import base64

from jinja2 import ChoiceLoader, Environment, PackageLoader, Undefined, select_autoescape

from gigs.io.text import address
from gigs.languages import ENGLISH, Language
from gigs.report import texts


def environment(say: Language = ENGLISH, package: str | None = None) -> Environment:
    """The templates in a language, which they call `say`, with those of another package where one is named.

    Whoever asks may add filters of its own.
    """
    loaders = [PackageLoader(each) for each in (package, "gigs.report") if each is not None]
    made = Environment(loader=ChoiceLoader(loaders), autoescape=select_autoescape(), trim_blocks=True)
    made.globals |= {"say": say, "stamp": say(texts.STAMP)}
    made.filters |= {
        "number": lambda value, digits, signed=False: number(value, digits, say, signed=signed),
        "percent": lambda share: texts.percent(share, say),
        "address": address,
    }
    return made


def number(value: float | Undefined | None, digits: int, say: Language = ENGLISH, *, signed: bool = False) -> str:
    """A number with so many decimals; a dash where there is none."""
    return "-" if value is None or isinstance(value, Undefined) else say.number(value, digits, signed=signed)


def inlined(content: bytes, kind: str = "png") -> str:
    """The address of a picture that is inside the page; `kind` as in `image/png`."""
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
