"""Conditions on table columns, written by a user: `age >= 18 and age < 30`."""

from __future__ import annotations

import ast
import io
import re
import tokenize

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
    """Find the rows that satisfy a condition.

    Args:
        table: The table whose columns may be named.
        condition: Comparisons joined by `and`, `or`, `not`; `column in ["a", "b"]`.
        what: Name of the condition in the error message.

    Returns:
        bool `[len(table)]`. A comparison with a missing value is neither true nor false (Kleene 1938). For a user
        without an age, neither `age > 30` nor `not (age > 30)` holds, but `age > 30 or purchases > 0` holds if the user
        bought something.

    Raises:
        InputError: The condition cannot be evaluated; the message lists the columns.
    """
    columns = ", ".join(map(str, table.columns))
    tree = _parsed(condition, what, columns)
    try:
        return _truth(tree, table)[0]
    except NoAnswerError as error:
        raise InputError(f"{what} {condition!r}: not a condition (it must be true or false for each row)") from error
    except Exception as error:  # pandas raises whatever the expression's parts raise
        raise InputError(f"{what} {condition!r}: {error}; columns are {columns}") from error


class NoAnswerError(Exception):
    """A part of a condition is not a comparison."""


def _truth(node: ast.AST, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Where a condition is true and where it is false, each bool `[len(table)]`. Elsewhere it is neither."""
    if isinstance(node, ast.BoolOp):
        parts = [_truth(part, table) for part in node.values]
        true, false = ([part[side] for part in parts] for side in (0, 1))
        if isinstance(node.op, ast.And):
            return np.logical_and.reduce(true), np.logical_or.reduce(false)
        return np.logical_or.reduce(true), np.logical_and.reduce(false)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        true_, false_ = _truth(node.operand, table)
        return false_, true_
    answer = table.eval(ast.unparse(node), engine="python", local_dict={}, global_dict={})
    if not isinstance(answer, pd.Series) or answer.dtype not in (np.dtype(bool), pd.BooleanDtype()):
        raise NoAnswerError
    names = _names(node)
    known = table[[column for column in table.columns if str(column) in names]].notna().all(axis=1)
    holds = answer.fillna(False).astype(bool)
    return (holds & known).to_numpy(), (~holds & known).to_numpy()


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _parsed(condition: str, what: str, columns: str) -> ast.expr:
    """Parse a condition, which may hold nothing but comparisons of columns.

    Raises:
        InputError: The condition holds something else.
    """
    if len(condition) > MAX_LENGTH:
        raise InputError(f"{what}: the condition has {len(condition):,} characters; the limit is {MAX_LENGTH:,}")
    try:
        tree = ast.parse(condition.strip(), mode="eval")
        tree = ast.parse(_in_words(condition.strip()), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError, tokenize.TokenError) as error:
        reason = re.sub(r"\s+", " ", str(getattr(error, "msg", None) or error or "nested too deep"))
        raise InputError(f"{what} {condition!r}: {reason}; columns are {columns}") from error
    names = _names(tree)
    plain = all(isinstance(node, ALLOWED) and _is_plain(node) for node in ast.walk(tree))
    if not plain or any(name.startswith("__") for name in names):
        raise InputError(f"{what} {condition!r}: only comparisons of columns are allowed; columns are {columns}")
    return tree.body


def _in_words(condition: str) -> str:
    """Write `and` for `&` and `or` for `|`, with the same precedence, as pandas does."""
    words = {"&": "and", "|": "or"}
    tokens = tokenize.generate_tokens(io.StringIO(condition).readline)
    return tokenize.untokenize(
        (tokenize.NAME, words[token.string]) if token.string in words else (token.type, token.string)
        for token in tokens
    )


def _is_plain(node: ast.AST) -> bool:
    """Whether text is only compared, not computed with: `"a" * 10 ** 9` would fill the memory."""
    return not isinstance(node, ast.BinOp) or not any(
        isinstance(side, ast.Constant) and isinstance(side.value, str | bytes) for side in (node.left, node.right)
    )
