"""Every English sentence of report and studio, and the catalogues of the other languages brought up to date with them.

    python tools/languages.py          # update every catalogue; new sentences come without a translation
    python tools/languages.py fr       # begin another one

A sentence is what stands in a call of `message`, `say` or `say.many` in the code, or of `say` in a template.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

SOURCE = Path(__file__).resolve().parent.parent / "src" / "gigs"
CATALOGUES = SOURCE / "languages" / "catalogues"
MARKS = ("message", "say")
Message = str | tuple[str, str]  # English, or English for one and for many


def messages() -> dict[Message, list[tuple[str, int]]]:
    """Every sentence with the files and lines where it stands."""
    found: dict[Message, list[tuple[str, int]]] = {}
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix == ".py":
            marked = in_python(path.read_text(encoding="utf-8"))
        elif path.suffix == ".html" and path.parent.name == "templates":
            marked = in_template(path.read_text(encoding="utf-8"))
        else:
            continue
        for text, line in marked:
            found.setdefault(text, []).append((path.relative_to(SOURCE.parent).as_posix(), line))
    return found


def in_python(code: str) -> Iterator[tuple[Message, int]]:
    """Sentences in Python code, with their lines."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "many" and len(texts) >= 2:
            yield (texts[0], texts[1]), node.lineno
        elif isinstance(node.func, ast.Name) and node.func.id in MARKS and texts:
            yield texts[0], node.lineno


def in_template(text: str) -> Iterator[tuple[Message, int]]:
    """Sentences in a template, with their lines."""
    for call in Environment().parse(text).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in MARKS and isinstance(call.args[0], nodes.Const):
            yield str(call.args[0].value), call.lineno


def catalogue(code: str) -> Catalog:
    """The catalogue of a language; an empty one where there is none yet."""
    path = CATALOGUES / f"{code}.po"
    if not path.is_file():
        return Catalog(locale=code, project="gigs", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=code)


def update(code: str) -> int:
    """Bring a catalogue up to date; returns how many sentences it lacks."""
    template = Catalog(project="gigs", fuzzy=False)
    for text, places in messages().items():
        template.add(text, locations=[(name, 0) for name in sorted({place for place, _ in places})])
    kept = catalogue(code)
    template.creation_date = kept.creation_date  # a date alone is no change
    kept.update(template, no_fuzzy_matching=True, update_header_comment=False)
    kept.obsolete.clear()
    with (CATALOGUES / f"{code}.po").open("wb") as file:
        write_po(file, kept, width=120, sort_output=True, include_lineno=False)
    return sum(1 for one in kept if one.id and not all([one.string] if isinstance(one.string, str) else one.string))


def main(codes: list[str]) -> None:
    """Update the catalogues of some languages, or of all."""
    for code in codes or sorted(path.stem for path in CATALOGUES.glob("*.po")):
        print(f"{code}: {update(code)} sentences without a translation")


if __name__ == "__main__":
    main(sys.argv[1:])
