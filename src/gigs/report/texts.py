"""What the report says to a seller, in plain English and without a word of the trade.

Every sentence is marked with `message` or passed to a `Language`, which translates it. Shares come as numbers in
`[0,1]`. `tests/report/test_words.py` holds the list of words that may not be here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from gigs.languages import ENGLISH, Language, message
from gigs.verify.share import EVEN

if TYPE_CHECKING:
    from gigs.result.schema import Record
    from gigs.verify.findings import NearestItem, ProductCategory
    from gigs.verify.share import Share


class Judged(Protocol):
    """Whatever has a verdict and, where purchases have set what a gain is worth, a share of buyers."""

    @property
    def verdict(self) -> str:
        """A key of `VERDICTS`."""

    @property
    def share(self) -> Share | None:
        """Of 100 buyers."""


STAMP = message("Design concept, not a listing photo")
STAMPS = message(
    "Design concepts, not listing photos: a computer drew them. Never use them to show what a buyer will receive."
)
STAMPS_ON_PHOTO = message(
    "Design concepts, not listing photos: a computer changed the product in your photo. Never use them to show what a "
    "buyer will receive."
)
STAMPS_BOTH = message(
    "Design concepts, not listing photos: a computer drew them, or changed the product in your photo. Never use them "
    "to show what a buyer will receive."
)
TITLE = message("Redesigns for {label}")
REDESIGN = message("Redesign {number}")

VERDICTS = {
    "likely": message("Likely better"),
    "unclear": message("Could go either way"),
    "no gain found": message("No gain found"),
    "no promise": message("No promise possible"),
    "unchecked": message("Not checked yet"),
}
BELIEF = {
    "likely": message("Taken together, independent judges expect these buyers to like the redesigns better."),
    "unclear": message(
        "Taken together, independent judges cannot tell whether these buyers would like the redesigns better."
    ),
    "no gain found": message("Taken together, independent judges see no gain in these redesigns for these buyers."),
    "no promise": message("Too little is known about the taste of these buyers to promise anything."),
}
JUDGES = message(
    "A judge is a computer model of what buyers chose in the past. {judges} judges looked at the finished pictures. "
    "They had no part in making the redesigns. None of this is a forecast of sales."
)
SHARE = message(
    "Suppose 100 such buyers choose between your product as it is and this redesign. About {of_100} should take the "
    "redesign. The evidence allows anything from {low} to {high}."
)
NO_SHARE = message(
    "How many buyers would prefer it is not known, because these judges have not been compared with real purchases."
)
WORTH = message(
    "“54 of 100 [50, 58]” means that, of 100 such buyers who choose between your product as it is and the redesign, 54 "
    "take the redesign. The true number should lie between 50 and 58, 19 times out of 20. At 50, neither is liked "
    "better. What a judge’s opinion is worth was learned from {purchases} real purchases. Each bought product was "
    "compared with similar products that were on sale at the time and were not bought."
)
SAME_AS_ALL = message(
    "These buyers’ purchases do not set their taste apart from that of all buyers. Expect about the same from "
    "everybody."
)
NEXT = {
    "likely": message("Pick one or two that you could really make. Show them to customers before you make anything."),
    "unclear": message("Treat these as ideas. If you like one, show it to customers before you make anything."),
    "no gain found": message(
        "Do not change the product on this evidence. Try another group of buyers, or another product."
    ),
    "no promise": message("Choose a larger group of buyers, or come back when you have more purchases."),
    "unchecked": message("Treat these as ideas. If you like one, show it to customers before you make anything."),
}
TRY = message("puts the pictures into one file for a customer panel or a test in your shop.")
TRY_COMMAND = "gigs report {folder} --test-pack"

REDRAWN = message("The computer redrew your product. Every redesign starts from that picture.")
REDRAWN_CHANGES = message("Redrawing alone changed the following, which belongs to no redesign. {words}")
REDRAWN_SAME = message("Redrawing alone changed little that can be named.")
COMPARE = message("Redesigns for {label}, at full size")
COMPARE_WORDS = message("Drag a slider, or use the arrow keys, to move between before and after.")
BEFORE_PHOTO, BEFORE_FIRST = message("Your photo"), message("The first design")
REDRAWN_PHOTO = message("The product as the computer redrew it")
ON_PHOTO = message(
    "Every redesign is your own photo with the product’s colours and outline changed. Its fabric, print, buttons and "
    "seams keep their detail."
)
SKETCH = message(
    "This is a rough sketch. The computer’s own drawing of this redesign changes more than your photo can show, such "
    "as the neckline or the sleeves."
)
FRONT = message("Less change, or more gain")
FRONT_WORDS = message(
    "The product changes more from left to right. Each step gains more than any that changes less, according to the "
    "computer models for which the redesigns were made. Independent judges have not looked at these small pictures. To "
    "get redesigns that change no more than one of them, run again with its limit, for example {command}."
)
FRONT_COMMAND = "--budget {budget}"
FRONT_LIMIT = message("Limit {budget}")
SCRATCH = message("This design was drawn from scratch. Every redesign starts from it.")
TAKEN_FOR = message(
    "It is compared with the shop’s products of the type “{kind}”, because the computer takes it for one."
)
TOLD = message("It is compared with the shop’s products of the type “{kind}”, as you said.")
TAKEN_UNSURELY = message(
    "The computer is not sure what type of product this is. It compares it with the shop’s products of the type "
    "“{kind}”. If that is wrong, do not trust anything below. Say what it is and run again (`--type`, or “What is it?” "
    "in the studio)."
)
TAKEN_FOR_ONE_OF_TWO = message(
    "The computer is not sure whether this is “{first}” or “{second}”. It compares it with the shop’s products of the "
    "type “{kind}”. If that is wrong, do not trust anything below. Say what it is and run again (`--type {other}`, or "
    "“What is it?” in the studio)."
)
SURE_OF_KIND = 0.8  # probability; the bundled pack's classifier is right nine times in ten
NOT_SURE = message("Not sure about: {names}.")
COLUMNS = {"colour": message("colour"), "appearance": message("pattern"), "type": message("type of product")}


def kind_in_doubt(category: ProductCategory, say: Language = ENGLISH) -> str | None:
    """What to say where a product may be of another kind than it is taken for; None where that is unlikely."""
    if category.told:
        return None
    rivals = [one.name for one in category.rivals]
    if rivals:
        other = next((name for name in rivals if name != category.photo), rivals[-1])
        first, second = (say(name) for name in rivals)
        return say(TAKEN_FOR_ONE_OF_TWO, first=first, second=second, kind=say(category.photo), other=other)
    return say(TAKEN_UNSURELY, kind=say(category.photo)) if category.probability < SURE_OF_KIND else None


def percent(share: float, say: Language = ENGLISH) -> str:
    """A share as a seller reads it: never 0% or 100% of a sample."""
    if share < 0.01:
        return say("under {percent}", percent=say.percent(0.01))
    return say("over {percent}", percent=say.percent(0.99)) if share > 0.99 else say.percent(share)


def buyers(share: Share, say: Language = ENGLISH) -> str:
    """A share of buyers with its interval."""
    return say(
        "{of_100} of 100 [{low}, {high}]", of_100=round(share.of_100), low=round(share.low), high=round(share.high)
    )


def headline(one: Judged, say: Language = ENGLISH) -> str:
    """What matters most about a redesign, in a few words: the share of buyers, or where there is none, a verdict."""
    return say(VERDICTS[one.verdict]) if one.share is None else buyers(one.share, say)


def promise(share: Share | None, checked: bool, say: Language = ENGLISH) -> str:
    """What the share of buyers means."""
    if share is None:
        return say(NO_SHARE) if checked else ""
    return say(SHARE, of_100=round(share.of_100), low=round(share.low), high=round(share.high))


def nearest(item: NearestItem, say: Language = ENGLISH) -> str:
    """The nearest real item, and how near."""
    if item.rarity < 0.01:
        return say("Nearest product in the shop: {item}. It is almost the same product.", item=item.item_id)
    if item.rarity < 0.25:
        return say("Nearest product in the shop: {item}. It is quite similar.", item=item.item_id)
    return say(
        "Nearest product in the shop: {item}. It differs about as much as the shop’s products differ from one another.",
        item=item.item_id,
    )


def fewer(result: Record, say: Language = ENGLISH) -> str | None:
    """Why fewer redesigns are shown than were asked for; None where they are not."""
    choice, count = result.choice, len(result.suggestions)
    if choice is None or count >= choice.asked:
        return None
    said = [
        say(
            "You asked for {asked} redesigns, and {candidates} were tried.",
            asked=choice.asked,
            candidates=choice.candidates,
        )
    ]
    if choice.over_budget:
        said.append(say.many(
            "{count} of them changes more than you allow.", "{count} of them change more than you allow.",
            choice.over_budget,
        ))  # fmt: skip
    said.append(say.many(
        "All others look like this one, like your photo, or like another type of product.",
        "No more than {count} can be told apart and still look like the same type of product.",
        count,
    ))  # fmt: skip
    return " ".join(said)


def stamps(on_photo: bool) -> str:
    """What the pictures are, and are not for, in English."""
    return STAMPS_ON_PHOTO if on_photo else STAMPS


def limit(change: float) -> str:
    """The least budget, in hundredths, that allows a change; as a command line has it."""
    return f"{math.ceil(100 * change) / 100:.2f}"


def summary(result: Record, say: Language = ENGLISH) -> str:
    """What a seller can act on, no stronger than what was measured."""
    count = len(result.suggestions)
    if not result.photo:
        return say.many(
            "{count} design drawn from scratch for {label}.", "{count} designs drawn from scratch for {label}.", count,
            label=say.sentence(result.audience.label),
        )  # fmt: skip
    if result.doubt or result.verdict == "no promise":
        return say(BELIEF["no promise"])
    if result.verification is None:
        better = sum((entry.gain_vs_photo or 0) > 0 for entry in result.suggestions)
        return say(
            "{better} of {count} redesigns score higher than your photo with these buyers. Nobody has checked this.",
            better=better, count=count,
        )  # fmt: skip
    shares = [entry.share for entry in result.suggestions if entry.share is not None]
    if shares:
        best = max(shares, key=lambda share: share.of_100)
        return _best(best, count, say)
    likely = sum(entry.verdict == "likely" for entry in result.suggestions)
    if likely == 0:
        return say("None of the {count} redesigns is sure enough to be called better than your photo.", count=count)
    return say.many(
        "{count} of {total} redesigns is likely to be liked better than your photo.",
        "{count} of {total} redesigns are likely to be liked better than your photo.",
        likely, total=count,
    )  # fmt: skip


def _best(best: Share, count: int, say: Language) -> str:
    if best.of_100 <= EVEN:
        return say.many(
            "The redesign should not win more than half of the buyers who choose between it and your product as it is.",
            "None of the {count} redesigns should win more than half of the buyers who choose between it and your "
            "product as it is.",
            count,
        )  # fmt: skip
    return say.many(
        "The redesign should win {best} buyers who choose between it and your product as it is.",
        "The best of {count} redesigns should win {best} buyers who choose between it and your product as it is.",
        count, best=buyers(best, say),
    )  # fmt: skip


def belief(result: Record, say: Language = ENGLISH) -> list[str]:
    """How far to believe the redesigns, sentence by sentence."""
    checked = result.verification
    if checked is None:
        return [say.many(
            "No independent judge has checked these redesigns. They were made to please one computer model of what "
            "{count} buyer chose in the past, and that same model put them in order. Take them as ideas to test, not "
            "as a forecast of sales.",
            "No independent judge has checked these redesigns. They were made to please one computer model of what "
            "{count} buyers chose in the past, and that same model put them in order. Take them as ideas to test, not "
            "as a forecast of sales.",
            result.audience.users,
        )]  # fmt: skip
    said = [] if checked.share is None else [say(WORTH, purchases=checked.purchases)]
    if checked.share is not None and checked.recalibration is not None:
        said.append(say.many(
            "This allows for what {count} test with people found of earlier promises.",
            "This allows for what {count} tests with people found of earlier promises.",
            checked.recalibration.tests,
        ))  # fmt: skip
    said += [say(BELIEF[result.verdict]), say(JUDGES, judges=len(checked.judges))]
    if checked.told_apart is False:
        said.append(say(SAME_AS_ALL))
    total = len(result.suggestions)
    if checked.category.kept < total:
        said.append(say.many(
            "{count} of {total} redesigns may show another type of product.",
            "{count} of {total} redesigns may show another type of product.",
            total - checked.category.kept, total=total,
        ))  # fmt: skip
    return said
