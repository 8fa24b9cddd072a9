"""Read the package's source without running it: what functions take, give and say of themselves, and what they call."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@lru_cache
def module(name: str) -> ast.Module:
    """The syntax tree of a module or package, such as `gigs.session`.

    Raises:
        LookupError: There is none of that name.
    """
    path = ROOT / "src" / Path(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return ast.parse(file.read_text(encoding="utf-8"))
    raise LookupError(f"{name}: no such module in {ROOT / 'src'}; the site names something that was moved")


def function(where: str) -> Function:
    """A function by module and name, such as `gigs.session:Session.suggest`.

    Raises:
        LookupError: There is none of that name.
    """
    name, _, path = where.partition(":")
    node: ast.AST = module(name)
    for part in path.split("."):
        inside = [one for one in getattr(node, "body", []) if getattr(one, "name", None) == part]
        if not inside:
            raise LookupError(f"{where}: no such function; the site names something that was moved")
        node = inside[0]
    if not isinstance(node, Function):
        raise LookupError(f"{where}: not a function")
    return node


def summary(node: ast.AST) -> str:
    """The first sentence of a docstring, without marks and references to pages; empty where there is no docstring."""
    text = (ast.get_docstring(node) or "") if isinstance(node, ast.Module | ast.ClassDef | Function) else ""
    first = re.split(r"(?<!Eq)\. (?=[A-Z])", " ".join(text.split("\n\n")[0].split()))[0]
    return re.sub(r"`|\s*\([^()]*\bdocs/[^()]*\)", "", first).rstrip(".")


def takes(node: Function) -> list[str]:
    """The types of a function's parameters, each once, without `None` and the likes of `bool`."""
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    found = (ast.unparse(one.annotation).removesuffix(" | None") for one in every if one.annotation is not None)
    return [one for one in dict.fromkeys(found) if one not in ("bool", "int", "float", "str", "None")]


def gives(node: Function) -> str:
    """The type of what a function returns."""
    return "" if node.returns is None else ast.unparse(node.returns).removesuffix(" | None")


def calls(node: ast.AST) -> list[str]:
    """Names that a function mentions, in the order of the source: `reconstruct`, `product` for `self.product`."""
    found = []
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute):
            found.append((one.end_lineno, one.end_col_offset, one.attr))
        elif isinstance(one, ast.Name):
            found.append((one.end_lineno, one.end_col_offset, one.id))
    return [name for _, _, name in sorted(found)]
