"""MkDocs hook: pages and diagrams that are made from the code, and pages that lie outside the folder of documents."""

from __future__ import annotations

import json
import posixpath
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

# Files of the repository that have a page: where the site keeps them.
OUTSIDE = {"SECURITY.md": "reference/security-policy.md", "training/README.md": "lab/training-kit.md"}
# A link to a folder leads to the page that lists what is in it.
FOLDERS = {"docs/lab/experiments": "lab/experiments/summary-honest.md"}
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]*)(#[^)\s]*)?\)")
PAGE = re.compile(r"^<!-- page: (\w+) -->.*?<!-- / -->$", re.MULTILINE | re.DOTALL)
NOTEBOOK = re.compile(r"\.ipynb\)")
MARK = re.compile(r"^<!-- diagram: ([\w-]+) -->$", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Add the generated files, and pages that lie outside."""
    for name, content in generated().items():
        files.append(File.generated(config, name, content=content))
    for path, name in OUTSIDE.items():
        files.append(File.generated(config, name, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def generated() -> dict[str, str]:
    """Files that are made from the code, by their place in the site."""
    from tools.site import notebooks, schemas

    described = {
        f"reference/{file}": json.dumps(schemas.schema(kind), indent=2) + "\n"
        for file, (_, kind) in schemas.kinds().items()
    }
    return described | notebooks.pages()


def on_page_markdown(markdown: str, page: Any, **others: Any) -> str:
    """Fill in what a page takes from the code, and lead links to files of the repository to their pages."""
    return with_diagrams(with_links(with_notebooks(with_pages(markdown)), page.file.src_uri))


def with_pages(markdown: str) -> str:
    """A page with `<!-- page: NAME -->` up to `<!-- / -->` replaced by what that module of this package makes."""
    return PAGE.sub(lambda found: import_module(f"tools.site.{found[1]}").page(), markdown)


def with_notebooks(markdown: str) -> str:
    """A page with links to notebooks leading to their pages."""
    return NOTEBOOK.sub(".md)", markdown)


def with_diagrams(markdown: str) -> str:
    """A page with `<!-- diagram: NAME -->` replaced by that diagram.

    Raises:
        KeyError: There is no diagram of that name.
    """
    if not MARK.search(markdown):
        return markdown
    from tools.site.diagrams import DIAGRAMS

    def drawn(found: re.Match[str]) -> str:
        draw, caption = DIAGRAMS[found[1]]
        return f'<figure class="gigs-figure">\n{draw()}\n<figcaption>{caption}</figcaption>\n</figure>'

    return MARK.sub(drawn, markdown)


def with_links(markdown: str, place: str) -> str:
    """A page with links between documents and other files of the repository put right.

    Args:
        markdown: Of the page.
        place: Of the page in the site, such as `reference/security.md`.
    """
    own = {name: path for path, name in OUTSIDE.items()}.get(place)
    written = posixpath.join("docs", place) if own is None else own

    def there(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(written), found[1]))
        known = OUTSIDE | FOLDERS
        if own is None and target not in known:
            return found[0]
        target = known.get(target, target.removeprefix("docs/"))
        return f"]({posixpath.relpath(target, posixpath.dirname(place) or '.')}{found[2] or ''})"

    return LINK.sub(there, markdown)
