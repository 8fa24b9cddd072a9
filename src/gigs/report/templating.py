"""What all pages are made with: one set of templates, and pictures inside the page."""

from __future__ import annotations

import base64

from jinja2 import Environment, PackageLoader, select_autoescape


def environment() -> Environment:
    """The templates; whoever asks may add filters of its own."""
    return Environment(loader=PackageLoader("gigs.report"), autoescape=select_autoescape(), trim_blocks=True)


def inlined(content: bytes, kind: str = "png") -> str:
    """The address of a picture that is inside the page; `kind` as in `image/png`."""
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
