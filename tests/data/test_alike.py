from __future__ import annotations

import pandas as pd
import pytest

from gigs.data.alike import alike
from gigs.errors import DataError

ITEMS = pd.DataFrame(
    {"type": ["Dress", "Dress", None, None, "Top"], "section": ["A", "B", "A", "A", "A"], "colour": list("xyxxx")}
)


def test_items_are_alike_where_every_column_agrees_and_blanks_agree():
    groups = alike(ITEMS)
    assert groups[2] == groups[3] and len(set(groups.tolist())) == 4
    assert alike(ITEMS, ["colour"]).tolist() == [0, 1, 0, 0, 0]


def test_a_missing_usual_column_is_done_without_and_a_named_one_is_not():
    assert alike(ITEMS[["type"]]).tolist() == alike(ITEMS, ["type"]).tolist()
    for items, columns in ((ITEMS, ["type", "size"]), (ITEMS[["colour"]], [])):
        with pytest.raises(DataError, match="`alike`"):
            alike(items, columns)
