"""Conditions on table columns, written by a user: `age >= 18 and age < 30`."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from gigs.errors import InputError

# pandas evaluates attributes and @names of the caller; a condition needs neither, and both reach beyond the table.
FORBIDDEN = re.compile(r"@|__|\.\s*[A-Za-z_]|`|\blambda\b")
STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")


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
    if FORBIDDEN.search(STRINGS.sub("''", condition)):
        raise InputError(f"{what} {condition!r}: only comparisons of columns are allowed; columns are {columns}")
    try:
        result = table.eval(condition, engine="python", local_dict={}, global_dict={})
    except Exception as error:  # pandas raises whatever the expression's parts raise
        raise InputError(f"{what} {condition!r}: {error}; columns are {columns}") from error
    if not isinstance(result, pd.Series) or result.dtype not in (np.dtype(bool), pd.BooleanDtype()):
        raise InputError(f"{what} {condition!r}: not a condition (it gives no yes or no for each row)")
    plain = STRINGS.sub("''", condition)
    named = [column for column in table.columns if re.search(rf"(?<!\w){re.escape(str(column))}(?!\w)", plain)]
    known = table[named].notna().all(axis=1)  # by itself, `not (age > 30)` would be true of a missing age
    return (result.fillna(False).astype(bool) & known).to_numpy()
