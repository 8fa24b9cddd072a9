"""Run a notebook's cells in order and show what Jupyter would: `python run_cells.py NOTEBOOK`."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

RICH = ("_repr_html_", "_repr_png_")


def run(path: Path) -> None:
    """Run all code cells in one namespace, in the current folder."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] == "code":
            run_cell("".join(cell["source"]), f"{path.name}, cell {number}", namespace)


def run_cell(source: str, name: str, namespace: dict[str, Any]) -> None:
    """Run one cell; the value of its last line is shown if that is an expression."""
    print(f"[{name}]", flush=True)
    tree = ast.parse(source, name)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), namespace)
    if isinstance(last, ast.Expr):
        show(eval(compile(ast.Expression(last.value), name, "eval"), namespace))


def show(value: Any) -> None:
    """Print a value, and make its pictures and tables as a notebook would."""
    if value is None:
        return
    rich = [name for name in RICH if getattr(value, name, lambda: None)()]
    print(*rich, repr(value))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
