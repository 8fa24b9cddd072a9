"""Conditions on table columns, written by a user: `age >= 18 and age < 30`."""

from __future__ import annotations

import ast
import re

import numpy as np
import pandas as pd

from gigs.errors import InputError

MAX_LENGTH = 10_000
# pandas evaluates attributes, calls, powers and @names of the caller too. A condition needs none of them: some reach
# beyond the table, and `9 ** 9 ** 9` has no end.
# fmt: off
ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.Invert,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitAnd, ast.BitOr,
    ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
)
# fmt: on


def matching(table: pd.DataFrame, condition: str, what: str) -> np.ndarray:
    """Which rows satisfy a condition.

    Args:
        table: The table whose columns may be named.
        condition: Comparisons joined by `and`, `or`, `not`; `column in ["a", "b"]`.
        what: What the user calls the condition, for the error message.

    Returns:
        bool `[len(table)]`; a missing value satisfies nothing.

    Raises:
        InputError: The condition cannot be evaluated; the message lists the columns.
    """
    columns = ", ".join(map(str, table.columns))
    named = _columns_named(condition, what, columns)
    try:
        result = table.eval(condition, engine="python", local_dict={}, global_dict={})
    except Exception as error:  # pandas raises whatever the expression's parts raise
        raise InputError(f"{what} {condition!r}: {error}; columns are {columns}") from error
    if not isinstance(result, pd.Series) or result.dtype not in (np.dtype(bool), pd.BooleanDtype()):
        raise InputError(f"{what} {condition!r}: not a condition (it gives no yes or no for each row)")
    used = [column for column in table.columns if str(column) in named]
    known = table[used].notna().all(axis=1)  # by itself, `not (age > 30)` would be true of a missing age
    return (result.fillna(False).astype(bool) & known).to_numpy()


def _columns_named(condition: str, what: str, columns: str) -> set[str]:
    """Names in a condition that consists of nothing but comparisons of columns.

    Raises:
        InputError: There is something else in it.
    """
    if len(condition) > MAX_LENGTH:
        raise InputError(f"{what}: a condition of {len(condition):,} letters; {MAX_LENGTH:,} are the most")
    try:
        tree = ast.parse(condition.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = re.sub(r"\s+", " ", str(getattr(error, "msg", None) or error or "nested too deep"))
        raise InputError(f"{what} {condition!r}: {reason}; columns are {columns}") from error
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    plain = all(isinstance(node, ALLOWED) and _is_plain(node) for node in ast.walk(tree))
    if not plain or any(name.startswith("__") for name in names):
        raise InputError(f"{what} {condition!r}: only comparisons of columns are allowed; columns are {columns}")
    return names


def _is_plain(node: ast.AST) -> bool:
    """Text is compared, not reckoned with: `"a" * 10 ** 9` would be text without end."""
    return not isinstance(node, ast.BinOp) or not any(
        isinstance(side, ast.Constant) and isinstance(side.value, str | bytes) for side in (node.left, node.right)
    )
