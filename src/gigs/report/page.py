"""The pages that a seller opens: self-contained HTML, readable on a phone, printable, usable by keyboard."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from PIL import Image, PngImagePlugin

from gigs.io import folders
from gigs.report import texts
from gigs.report.view import view_of

SMALL = 256  # longest side of a picture in the overview


def render_page(folder: Path, result: dict[str, Any]) -> str:
    """Render `report.html` from what goes into `result.json` and the pictures beside it.

    Raises:
        OSError: A picture that the result names is missing.
    """
    environment = _environment()
    environment.filters["picture"] = lambda name: _inline(folders.inside(folder, name).read_bytes())
    environment.filters["exists"] = lambda name: folders.inside(folder, name).is_file()
    environment.filters["size"] = lambda name: _size(folders.inside(folder, name))
    return environment.get_template("report.html").render(
        view=view_of(result),
        result=result,
        try_words=texts.TRY,
        command=texts.TRY_COMMAND.format(folder=folder.name or "FOLDER"),
    )


def render_overview(root: Path, results: Sequence[tuple[Path, dict[str, Any]]]) -> str:
    """Render `overview.html`: every product of a folder with its best redesign, linked to its own report.

    Args:
        root: The folder that the products' folders lie in.
        results: Folder and `result.json`'s content of each product.
    """
    environment = _environment()
    environment.filters["small"] = _small
    products = []
    for folder, result in results:
        view = view_of(result)
        best = view["options"][0]
        products.append(
            {
                "name": view["photo_name"] if result["photo"] else folder.name,
                "link": f"{folder.relative_to(root).as_posix()}/report.html",
                "photo": view["photo"] and folders.inside(folder, view["photo"]),
                "best": folders.inside(folder, best["file"]),
                "label": result["audience"]["label"],
                "summary": view["summary"],
                "verdict": best["verdict_words"].lower(),
                "words": best["words"],
                "move": best.get("move"),
            }
        )
    return environment.get_template("overview.html").render(products=products, stamp=texts.STAMP, stamps=texts.STAMPS)


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("gigs.report"), autoescape=select_autoescape(), trim_blocks=True)
    environment.filters["percent"] = texts.percent
    return environment


def _inline(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def _small(path: Path) -> str:
    """A picture reduced and inlined, with what it says about itself."""
    note, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    with Image.open(path) as opened:
        if about := opened.info.get("Description"):
            note.add_itxt("Description", about)
        picture = opened.convert("RGB")
    picture.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    picture.save(buffer, format="PNG", pnginfo=note)
    return _inline(buffer.getvalue())
