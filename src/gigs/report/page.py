"""The pages that a seller opens: self-contained HTML, readable on a phone, printable, usable by keyboard."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gigs.io.text import address, readable
from gigs.languages import ENGLISH, Language
from gigs.report import texts
from gigs.report.pictures import reduced
from gigs.report.results_page import FILE as RESULTS
from gigs.report.templating import environment, inlined
from gigs.report.view import view_of
from gigs.vision.opening import own_picture

if TYPE_CHECKING:
    from gigs.result.schema import Record

SHOWN = 512  # longest side of a picture in the report, which stays small enough for a mail
LEAST_WIDE = 480  # pixels that a smaller photo is enlarged to at full size
SMALL = 256  # longest side of a picture in the overview


def render_page(result: Record, folder: str, *, tested: bool = False, say: Language = ENGLISH) -> str:
    """Render `report.html`.

    Args:
        result: With its pictures.
        folder: Name of the folder that the page is for.
        tested: Whether `results.html`, what a test with people found, lies beside it.
        say: The language.

    Raises:
        ModelError: A picture that the result names is missing.
    """
    templates, pictures = environment(say), result.pictures
    templates.filters["picture"] = lambda name: inlined(pictures.small(name, SHOWN))
    templates.filters["exists"] = lambda name: name in pictures
    templates.filters["size"] = lambda name: own_picture(pictures.small(name, SHOWN), name).size
    return templates.get_template("report.html").render(
        view=view_of(result, say),
        result=result,
        proof=RESULTS if tested else None,
        try_words=say(texts.TRY),
        columns=texts.COLUMNS,
        command=texts.TRY_COMMAND.format(folder=shlex.quote(readable(folder)) if folder else "FOLDER"),
    )


def render_compare(result: Record, say: Language = ENGLISH) -> str:
    """Render `compare.html`: every redesign at full size over the photo, with a slider between them.

    It names the pictures beside it instead of holding them: they are as large as the photo.

    Raises:
        ModelError: A picture that the result names is missing.
    """
    view = view_of(result, say)
    start = view["photo"] or view["base"]
    size = result.pictures[start].size
    return (
        environment(say)
        .get_template("compare.html")
        .render(
            view=view,
            title=say(texts.COMPARE, label=say.sentence(result.audience.label)),
            words=say(texts.COMPARE_WORDS),
            start=start,
            before=say(texts.BEFORE_PHOTO if view["photo"] else texts.BEFORE_FIRST),
            size=size,
            wide=max(size[0], LEAST_WIDE),
        )
    )


def render_overview(results: Sequence[tuple[str, Record]], say: Language = ENGLISH) -> str:
    """Render `overview.html`: every product of a folder with its best redesign, linked to its own report.

    Args:
        results: Of each product its folder, relative to the page, and its result.
        say: The language.
    """
    templates = environment(say)
    templates.filters["small"] = lambda content: inlined(reduced(content, SMALL))
    products = []
    for folder, result in results:
        view = view_of(result, say)
        best = view["options"][0]
        products.append(
            {
                "name": view["photo_name"] if result.photo else readable(folder),
                "link": address(f"{folder}/report.html"),
                "photo": view["photo"] and result.pictures.png(view["photo"]),
                "best": result.pictures.png(best["file"]),
                "label": say.sentence(result.audience.label),
                "summary": view["summary"],
                "verdict": best["headline"],
                "words": best["words"],
                "promise": best["promise"],
            }
        )
    title = say.many("Redesigns of {count} product", "Redesigns of {count} products", len(products))
    return templates.get_template("overview.html").render(title=title, products=products, stamps=say(_stamps(results)))


def _stamps(results: Sequence[tuple[str, Record]]) -> str:
    """What the pictures of several products are: drawn, on photos, or both."""
    kinds = {result.on_photo for _, result in results}
    return texts.STAMPS_BOTH if len(kinds) > 1 else texts.stamps(True in kinds)
