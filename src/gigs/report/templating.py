"""What all pages are made with: one set of templates, and pictures inside the page."""

from __future__ import annotations

import base64

from jinja2 import ChoiceLoader, Environment, PackageLoader, Undefined, select_autoescape

from gigs.io.text import address


def environment(package: str | None = None) -> Environment:
    """The templates, with those of another package where one is named; whoever asks may add filters of its own."""
    loaders = [PackageLoader(each) for each in (package, "gigs.report") if each is not None]
    made = Environment(loader=ChoiceLoader(loaders), autoescape=select_autoescape(), trim_blocks=True)
    made.filters |= {"number": number, "address": address}
    return made


def number(value: float | Undefined | None, form: str) -> str:
    """A number in a printf form; a dash where there is none."""
    return "-" if value is None or isinstance(value, Undefined) else form % value


def inlined(content: bytes, kind: str = "png") -> str:
    """The address of a picture that is inside the page; `kind` as in `image/png`."""
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
