"""Everything that the page of a test's results says to a seller: plain English, and no word of the trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigs.verify.people_needed import about

if TYPE_CHECKING:
    from gigs.proof.findings import Finding, Findings
    from gigs.proof.intervals import Difference
    from gigs.verify.share import Share

UNNAMED = "test"  # what a test is called that nobody named
TITLE = "Promise and proof: {product}"
VERDICTS = {
    "choices": {"better": "Liked better", "open": "Not settled", "worse": "Liked less"},
    "sales": {"better": "Sells better", "open": "Not settled", "worse": "Sells worse"},
}
LUCK = {
    "better": "Luck alone hardly explains that it beat the product.",
    "open": "Luck alone could explain the difference from the product.",
    "worse": "Luck alone hardly explains that it lost to the product.",
}
OUTCOMES = {
    "agrees": "The count agrees with the promise.",
    "fewer": "The promise was too high.",
    "more": "The promise was too low.",
}
NO_PROMISE = "no promise"
VIEWS = (100, 1000, 10_000)  # of which a difference in sales is told
TEST = "Your test “{name}”."
SIDES = {
    "choices": ("product liked better", "redesign liked better"),
    "sales": ("product sells better", "redesign sells better"),
}
SCALE = {
    "choices": "Of 100 who took one of the two, how many took the redesign",
    "sales": "Of 100 sales at equal views",
}
FEW = "So few that little can be said: ask more people before you decide."
UNEVEN = (
    "The product and {names} were not seen equally often. If visitors were meant to be split evenly, something went "
    "wrong in the split, and these findings cannot be trusted."
)
HOW = {
    "choices": (
        "“Found 60 of 100” means: of every 100 people who took either the product as it is or this redesign, 60 took "
        "the redesign. People who took another picture are not counted in it."
    ),
    "sales": (
        "“Found 60 of 100” means: had both pages been seen equally often, 60 of every 100 sales would have been the "
        "redesign's. A promise is about people who choose between the two side by side, and visitors of a shop see "
        "one of them only, so the two may differ for reasons of the shop's own."
    ),
}
RANGE = "The smaller numbers below each share are its range: the truth should lie within it 19 times out of 20."
TOGETHER = (
    "{count} redesigns were tested. The more one tests, the likelier one of them wins by luck, so the ranges found are "
    "wider than for one alone: all of them together hold 19 times out of 20."
)
FIFTY = (
    "50 of 100 would mean that both are liked the same. A redesign is called better only if its whole range is above."
)
NEXT = {
    "better": {
        "choices": (
            "Make a sample of redesign {number}, photograph it like your other products, and test it in your shop "
            "against the product as it is. A picture that wins is not yet a product that sells."
        ),
        "sales": "Redesign {number} has earned its place: it sold better than the product as it is, beyond luck.",
    },
    "open": {
        "choices": "Keep the product as it is for now: this test does not show that a redesign is liked better.",
        "sales": "Keep the product as it is for now: this test does not show that a redesign sells better.",
    },
}
NEXT["worse"] = NEXT["open"]

NEXT_UNEVEN = (
    "Find out first why the pages were not seen equally often. Unless you split the visitors so on purpose, decide "
    "nothing on this test before you know."
)


def test_name(findings: Findings) -> str:
    """Which test it was, where the seller named it."""
    return "" if findings.test == UNNAMED else TEST.format(name=findings.test)


def headline(findings: Findings) -> str:
    """One sentence: what the test proved."""
    better = [one for one in findings if one.verdict == "better"]
    worse = [one for one in findings if one.verdict == "worse"]
    if better:
        best = max(better, key=lambda one: one.found.of_100)
        also = f" So did redesign{_names(better, best)}." if len(better) > 1 else ""
        return f"Redesign {best.number} beat the product as it is: {_said(best, findings.kind)}.{also}"
    if len(worse) == len(findings):
        them = "The redesign" if len(worse) == 1 else f"All {len(worse)} redesigns"
        return f"{them} lost to the product as it is."
    if worse:
        return f"No redesign beat the product as it is, and redesign{_names(worse)} lost to it."
    them = "redesign" if len(findings) == 1 else "redesigns"
    return f"The test does not settle whether buyers like the {them} better than the product as it is."


def _said(one: Finding, kind: str) -> str:
    share = f"{one.found.of_100:.0f} of 100"
    return f"{share} took it" if kind == "choices" else f"it made {share} sales at equal views"


def _names(those: list[Finding], but: Finding | None = None) -> str:
    numbers = [str(one.number) for one in sorted(those, key=lambda one: one.number) if one is not but]
    return ("s " if len(numbers) > 1 else " ") + " and ".join(filter(None, [", ".join(numbers[:-1]), numbers[-1]]))


def verdict(one: Finding) -> str:
    """A finding in two words."""
    return VERDICTS["sales" if one.redesign.choices is None else "choices"][one.verdict]


def share(value: Share | None) -> tuple[str, str]:
    """A share and its range, each in words."""
    if value is None:
        return NO_PROMISE, ""
    return f"{value.of_100:.0f} of 100", f"{value.low:.0f} to {value.high:.0f}"


def counted(one: Finding) -> str:
    """What stands behind a finding."""
    ours, theirs = one.redesign, one.product
    if ours.choices is not None:
        return f"{ours.choices:,} took it, {theirs.choices:,} the product"
    return f"{ours.sales:,} sold in {ours.views:,} views; the product {theirs.sales:,} in {theirs.views:,}"


def meaning(one: Finding) -> list[str]:
    """What one finding means, in sentences."""
    said = [] if one.few else [LUCK[one.verdict]]
    said += [OUTCOMES[one.outcome]] if one.outcome is not None else []
    if one.difference is not None:
        said.append(_gap(one.difference))
    if one.few:
        return [*said, FEW]
    if one.verdict != "open" or one.needed is None or one.promised is None or one.promised.of_100 <= 50:
        return said
    unit = "buyers who take one of the two" if one.redesign.choices is not None else "views of each"
    if one.counted < one.needed:
        return [*said, f"To confirm the promise takes about {about(one.needed)} {unit}; this test had {one.counted:,}."]
    return [*said, "So large a test should have shown what was promised: take any difference for too small to matter."]


def _gap(gap: Difference) -> str:
    """Sales more or fewer, in so many views that there is one sale or more between the two, where that is enough."""
    views = next((views for views in VIEWS if abs(gap.of_100) * views >= 100), VIEWS[-1])
    middle, low, high = (value * views / 100 for value in (gap.of_100, gap.low, gap.high))
    many = f"{abs(middle):.2g} {'more' if middle >= 0 else 'fewer'}"
    return f"In {views:,} views: {many} sales than the product ({low:+.2g} to {high:+.2g})."


def cautions(findings: Findings) -> list[str]:
    """What may have gone wrong in the test."""
    uneven = [one for one in findings if one.uneven]
    return [UNEVEN.format(names=f"redesign{_names(uneven)}")] if uneven else []


def reading(findings: Findings) -> list[str]:
    """How to read the table."""
    several = [TOGETHER.format(count=len(findings))] if len(findings) > 1 else []
    return [HOW[findings.kind], RANGE, *several, FIFTY]


def advice(findings: Findings) -> str:
    """What to do next."""
    if any(one.uneven for one in findings):
        return NEXT_UNEVEN
    best = max(findings, key=lambda one: (one.verdict == "better", one.found.of_100))
    return NEXT[best.verdict][findings.kind].format(number=best.number)
