"""The sheet to count on in a test with people, and how many people that test needs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from gigs.verify.people_needed import about, buyers_needed, views_needed
from gigs.verify.share import EVEN, Share

if TYPE_CHECKING:
    from gigs.result.schema import Record

SHEET = "counts.csv"
GUIDE = "how-many.txt"
COLUMNS = ("question", "variant", "choices", "views", "sales")
PRODUCT = "product"  # the variant that is the product as it is
REDESIGN = "redesign"  # with its number, as the report counts them
CONVERSIONS = (0.01, 0.02, 0.05)  # sales for each view of a product's page; shops know their own

CONFIRM = "To confirm this, show both to about {people} buyers."
NO_CONFIRM = "Too close to 50 to confirm: a test would need more than 19,000 buyers."
BELOW = "Most buyers should keep the product as it is, so there is nothing to confirm."
NO_PROMISE = "Nothing is promised of this one. About {people} buyers would show whether {share} of 100 take it."
WORTH_SEEING = 60  # of 100: what a test of a redesign without a promise may look for
EXPLAINED = """So many people show the promised share 8 times in 10 where it is right. Where buyers like both the same,
they mislead 1 time in 20. Ask each person once about each pair. Fewer people show larger shares only.
Several redesigns in one test need more people: a fifth more for two, half as many again for six."""
README = """
Counting, and what it means
  In each product's folder lie how-many.txt, which says how many people to ask, and counts.csv to fill in.
  "product" is your product as it is; "redesign 2" is the picture with that name.
  With a panel fill in "choices": how many people picked each picture. Rows with the same question were shown side by
  side; the sheet has a question for each redesign, beside the product. Ask every person each question once at most.
  In a shop fill in "views" and "sales" instead: how many visitors saw the page, and how many of them bought.
  Leave empty what you did not test. Then run
      gigs results FOLDER counts.csv
  where FOLDER is the folder of the result. It writes results.html, which puts what was promised beside what you found.
"""


def counting_sheet(redesigns: int) -> bytes:
    """`counts.csv` to fill in: for each redesign a question that shows it beside the product as it is."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number in range(1, redesigns + 1):
        writer.writerow([number, PRODUCT, "", "", ""])
        writer.writerow([number, f"{REDESIGN} {number}", "", "", ""])
    return text.getvalue().encode("utf-8-sig")  # the mark is what spreadsheets go by


def to_confirm(share: Share | None) -> str:
    """How many buyers a test between product and redesign needs, in a sentence."""
    if share is None:
        return NO_PROMISE.format(people=about(buyers_needed(WORTH_SEEING) or 0), share=WORTH_SEEING)
    needed = buyers_needed(share.of_100)
    if needed is None:
        return NO_CONFIRM
    return BELOW if share.of_100 < EVEN else CONFIRM.format(people=about(needed))


def how_many(result: Record) -> str:
    """`how-many.txt`: for each redesign the people of a panel and the views of a shop."""
    lines = ["HOW MANY PEOPLE TO ASK", ""]
    for number, suggestion in enumerate(result.suggestions, start=1):
        share = suggestion.share
        lines += [f"Redesign {number}: " + ("" if share is None else f"promised {share}. ") + to_confirm(share)]
        if share is not None and buyers_needed(share.of_100) is not None and share.of_100 > EVEN:
            lines += [f"  In a shop: {_views(share.of_100)} of each of the two pages."]
    return "\r\n".join([*lines, "", *EXPLAINED.splitlines(), ""])


def _views(share: float) -> str:
    """Views for some usual rates of sale, in words."""
    return "; ".join(
        f"where {100 * rate:g} in 100 visitors buy, about {about(views_needed(share, rate) or 0)} views"
        for rate in CONVERSIONS
        if rate * share < 100 - share
    )
