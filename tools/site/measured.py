"""The page on the figures in README and guides: how each was measured, from `docs/figures.json`."""

from __future__ import annotations

from tools.figures.book import Book, Measurement


def page(book: Book | None = None) -> str:
    """The page, in Markdown."""
    book = book or Book.read()
    rows = ["| figure | value | n | measured by | more |", "|---|---|---|---|---|"]
    for name, one in book.figures.items():
        rows.append(f"| `{name}` | {one.text} | {one.count} | [{one.of}](#{one.of}) | [page](../{one.page}) |")
    parts = ["\n".join(rows), "## How they were measured"]
    parts += [told(name, one) for name, one in book.measurements.items()]
    return "\n\n".join(parts) + "\n"


def told(name: str, one: Measurement) -> str:
    """One measurement."""
    facts = {
        "seed": one.seed,
        "pack": one.pack,
        "machine": one.machine,
        "date": one.date,
        "runs": one.runs if one.command else None,
    }
    known = "; ".join(f"{what}: {value}" for what, value in facts.items() if value is not None)
    source = (
        f"```\n{one.command}\n```" if one.command else f"Read from `{one.file}` whenever the figures are filled in."
    )
    return f"### {name}\n\n{one.protocol[0].upper()}{one.protocol[1:]}.{f' ({known}.)' if known else ''}\n\n{source}"
