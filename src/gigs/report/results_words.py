"""What the page of a test's results says to a seller, in plain English and without a word of the trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigs.languages import ENGLISH, Language, message
from gigs.verify.people_needed import about

if TYPE_CHECKING:
    from gigs.proof.findings import Finding, Findings
    from gigs.proof.intervals import Difference
    from gigs.verify.share import Share

UNNAMED = "test"  # what a test is called that nobody named
TITLE = message("Promise and proof: {product}")
TEST = message("Your test “{name}”.")
VERDICTS = {
    "choices": {"better": message("Liked better"), "open": message("Not settled"), "worse": message("Liked less")},
    "sales": {"better": message("Sells better"), "open": message("Not settled"), "worse": message("Sells worse")},
}
LUCK = {
    "better": message("It beat the product, and luck alone hardly explains that."),
    "open": message("Luck alone could explain the difference from the product."),
    "worse": message("It lost to the product, and luck alone hardly explains that."),
}
OUTCOMES = {
    "agrees": message("The count agrees with the promise."),
    "fewer": message("The promise was too high."),
    "more": message("The promise was too low."),
}
NO_PROMISE = message("no promise")
VIEWS = (100, 1000, 10_000)  # of which a difference in sales is told
SIDES = {
    "choices": (message("product liked better"), message("redesign liked better")),
    "sales": (message("product sells better"), message("redesign sells better")),
}
SCALE = {
    "choices": message("Of 100 people who took one of the two, how many took the redesign"),
    "sales": message("Of 100 sales at equal views, how many were the redesign’s"),
}
FEW = message("So few people say little. Ask more before you decide.")
HOW = {
    "choices": message(
        "“Found 60 of 100” means that, of every 100 people who took either the product as it is or this redesign, 60 "
        "took the redesign. People who took another picture are not counted."
    ),
    "sales": message(
        "“Found 60 of 100” means that 60 of every 100 sales would have been the redesign’s if both pages had been seen "
        "equally often. A promise is about people who choose between the two side by side. A visitor of a shop sees "
        "only one of them, so the two numbers may differ for reasons of the shop’s own."
    ),
}
RANGE = message(
    "The smaller numbers below each share are its range. The true number should lie within it 19 times out of 20."
)
FIFTY = message(
    "50 of 100 means that both are liked the same. A redesign is called better only if its whole range is above 50."
)
NEXT = {
    "better": {
        "choices": message(
            "Make a sample of redesign {number} and photograph it like your other products. Then test it in your shop "
            "against the product as it is. A picture that wins is not yet a product that sells."
        ),
        "sales": message(
            "Redesign {number} has earned its place. It sold better than the product as it is, beyond luck."
        ),
    },
    "open": {
        "choices": message(
            "Keep the product as it is for now. This test does not show that buyers like a redesign better."
        ),
        "sales": message("Keep the product as it is for now. This test does not show that a redesign sells better."),
    },
}
NEXT["worse"] = NEXT["open"]
NEXT_UNEVEN = message(
    "First find out why the pages were not seen equally often. Unless you split the visitors that way on purpose, "
    "decide nothing on this test until you know."
)
BEAT = {
    "choices": message("Redesign {number} beat the product as it is: {share} took it."),
    "sales": message("Redesign {number} beat the product as it is: it made {share} sales at equal views."),
}


def test_name(findings: Findings, say: Language = ENGLISH) -> str:
    """Which test it was, where the seller named it."""
    return "" if findings.test == UNNAMED else say(TEST, name=findings.test)


def headline(findings: Findings, say: Language = ENGLISH) -> str:
    """What the test proved, in a sentence or two."""
    better = [one for one in findings if one.verdict == "better"]
    worse = [one for one in findings if one.verdict == "worse"]
    if better:
        best = max(better, key=lambda one: one.found.of_100)
        said = say(BEAT[findings.kind], number=best.number, share=_of_100(best.found.of_100, say))
        others = [one for one in better if one is not best]
        if not others:
            return said
        also = say.many(
            "So did redesign {numbers}.", "So did redesigns {numbers}.", len(others), numbers=_numbers(others, say)
        )
        return f"{said} {also}"
    if len(worse) == len(findings):
        return say.many(
            "The redesign lost to the product as it is.", "All {count} redesigns lost to the product as it is.",
            len(worse),
        )  # fmt: skip
    if worse:
        return say.many(
            "No redesign beat the product as it is, and redesign {numbers} lost to it.",
            "No redesign beat the product as it is, and redesigns {numbers} lost to it.",
            len(worse), numbers=_numbers(worse, say),
        )  # fmt: skip
    return say.many(
        "The test does not settle whether buyers like the redesign better than the product as it is.",
        "The test does not settle whether buyers like the redesigns better than the product as it is.",
        len(findings),
    )  # fmt: skip


def _of_100(share: float, say: Language) -> str:
    return say("{number} of 100", number=round(share))


def _numbers(those: list[Finding], say: Language) -> str:
    return say.listed(str(number) for number in sorted(one.number for one in those))


def verdict(one: Finding, say: Language = ENGLISH) -> str:
    """A finding in two words."""
    return say(VERDICTS["sales" if one.redesign.choices is None else "choices"][one.verdict])


def share(value: Share | None, say: Language = ENGLISH) -> tuple[str, str]:
    """A share and its range, each in words."""
    if value is None:
        return say(NO_PROMISE), ""
    return _of_100(value.of_100, say), say("{low} to {high}", low=round(value.low), high=round(value.high))


def counted(one: Finding, say: Language = ENGLISH) -> str:
    """What stands behind a finding."""
    ours, theirs = one.redesign, one.product
    if ours.choices is not None:
        return say("{ours} took it, {theirs} the product", ours=ours.choices, theirs=theirs.choices)
    return say(
        "{ours} sold in {views} views; the product {theirs} in {others}",
        ours=ours.sales, views=ours.views, theirs=theirs.sales, others=theirs.views,
    )  # fmt: skip


def meaning(one: Finding, say: Language = ENGLISH) -> list[str]:
    """What one finding means, in sentences."""
    said = [] if one.few else [say(LUCK[one.verdict])]
    said += [say(OUTCOMES[one.outcome])] if one.outcome is not None else []
    if one.difference is not None:
        said.append(_gap(one.difference, say))
    if one.few:
        return [*said, say(FEW)]
    if one.verdict != "open" or one.needed is None or one.promised is None or one.promised.of_100 <= 50:
        return said
    if one.counted >= one.needed:
        return [
            *said,
            say("So large a test should have shown what was promised. Any difference is too small to matter."),
        ]
    needed, had = about(one.needed), one.counted
    if one.redesign.choices is None:
        return [*said, say(
            "To confirm the promise takes about {needed} views of each. This test had {had}.", needed=needed, had=had
        )]  # fmt: skip
    return [*said, say(
        "To confirm the promise takes about {needed} buyers who take one of the two. This test had {had}.",
        needed=needed, had=had,
    )]  # fmt: skip


def _gap(gap: Difference, say: Language) -> str:
    """Sales more or fewer, in so many views that there is one sale or more between the two, where that is enough."""
    views = next((views for views in VIEWS if abs(gap.of_100) * views >= 100), VIEWS[-1])
    middle, low, high = (value * views / 100 for value in (gap.of_100, gap.low, gap.high))
    values = {
        "views": views, "count": _figure(abs(middle), say), "low": _figure(low, say, signed=True),
        "high": _figure(high, say, signed=True),
    }  # fmt: skip
    if middle >= 0:
        return say("In {views} views: {count} more sales than the product ({low} to {high}).", **values)
    return say("In {views} views: {count} fewer sales than the product ({low} to {high}).", **values)


def _figure(value: float, say: Language, *, signed: bool = False) -> str:
    """A number with two significant figures."""
    rounded = float(f"{value:.2g}")
    digits = len(f"{rounded:.6f}".rstrip("0").partition(".")[2])
    return say.number(rounded, digits, signed=signed)


def cautions(findings: Findings, say: Language = ENGLISH) -> list[str]:
    """What may have gone wrong in the test."""
    uneven = [one for one in findings if one.uneven]
    if not uneven:
        return []
    return [say.many(
        "The product and redesign {numbers} were not seen equally often. If visitors were meant to be split evenly, "
        "the split went wrong, and these findings cannot be trusted.",
        "The product and redesigns {numbers} were not seen equally often. If visitors were meant to be split evenly, "
        "the split went wrong, and these findings cannot be trusted.",
        len(uneven), numbers=_numbers(uneven, say),
    )]  # fmt: skip


def reading(findings: Findings, say: Language = ENGLISH) -> list[str]:
    """How to read the table."""
    several = [] if len(findings) < 2 else [say(
        "{count} redesigns were tested. The more you test, the likelier it is that one of them wins by luck. The "
        "ranges found are therefore wider than for one alone. All of them together hold 19 times out of 20.",
        count=len(findings),
    )]  # fmt: skip
    return [say(HOW[findings.kind]), say(RANGE), *several, say(FIFTY)]


def advice(findings: Findings, say: Language = ENGLISH) -> str:
    """What to do next."""
    if any(one.uneven for one in findings):
        return say(NEXT_UNEVEN)
    best = max(findings, key=lambda one: (one.verdict == "better", one.found.of_100))
    return say(NEXT[best.verdict][findings.kind], number=best.number)
