"""Notebooks as pages: their texts and their code, without what running them shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "notebooks"


def pages() -> dict[str, str]:
    """Markdown of every notebook, by its place in the site."""
    return {f"notebooks/{path.stem}.md": page(path) for path in sorted(FOLDER.glob("*.ipynb"))}


def page(path: Path) -> str:
    """Markdown of one notebook; below its title, where to get it."""
    title, _, rest = "\n\n".join(_cells(json.loads(path.read_text(encoding="utf-8")))).partition("\n")
    get = f'<a href="{path.name}" download>Download this notebook</a>. Run it to see what its cells show.'
    return f"{title}\n\n{get}\n{rest}\n"


def _cells(notebook: dict[str, Any]) -> Iterator[str]:
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        yield text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```"
