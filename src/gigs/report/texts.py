"""Everything that the report says to a seller, in one place: plain English, and no word of the trade.

`tests/report/test_words.py` holds the list of words that may not be here. Shares come as numbers in `[0,1]`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

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


STAMP = "Design concept, not a listing photo"
_NEVER = "Never use them to show what a buyer will receive."
STAMPS = f"Design concepts, not listing photos: a computer drew them. {_NEVER}"
STAMPS_ON_PHOTO = f"Design concepts, not listing photos: a computer changed the product in your photo. {_NEVER}"
STAMPS_BOTH = (
    f"Design concepts, not listing photos: a computer drew them, or changed the product in your photo. {_NEVER}"
)
TITLE = "Redesigns for {label}"
FROM_SCRATCH = "{count} designs drawn from scratch for {label}."

VERDICTS = {
    "likely": "Likely better",
    "unclear": "Could go either way",
    "no gain found": "No gain found",
    "no promise": "No promise possible",
    "unchecked": "Not checked yet",
}
BELIEF = {
    "likely": "Taken together, independent judges agree that these buyers would like such redesigns better.",
    "unclear": "Taken together, independent judges do not settle whether these buyers would like the redesigns better.",
    "no gain found": "Taken together, independent judges see no gain in these redesigns for these buyers.",
    "no promise": "Too little is known about the taste of these buyers to promise anything.",
}
JUDGES = (
    "The judges are {judges} further computer models of what buyers chose in the past. They had no part in making the "
    "redesigns and looked at the finished pictures only. None of this is a forecast of sales."
)
SHARE = (
    "Of 100 such buyers who choose between your product as it is and this redesign, about {of_100} should take the "
    "redesign; between {low} and {high} is what the evidence allows."
)
NO_SHARE = "How many buyers would prefer it is not known: nobody has compared these judges with real purchases yet."
WORTH = (
    "“54 of 100 [50, 58]” means: of 100 such buyers who choose between your product as it is and the redesign, 54 take "
    "the redesign, and the truth should lie between 50 and 58, 19 times out of 20. 50 means that neither is liked "
    "better. What a judge's liking is worth was learned from {purchases} real purchases: each was compared with "
    "products of the same kind that were on sale at the time and were left."
)
PUT_RIGHT = "What {tests} with people had found of earlier promises has been allowed for."
SAME_AS_ALL = (
    "What these buyers bought does not tell their taste from that of all buyers, so expect about the same of everybody."
)
UNCHECKED = (
    "No independent judge has checked these redesigns. They were made to please one computer model of what {users} "
    "chose in the past, and that same model put them in order: take them as ideas to test, not as a forecast of sales."
)
BEST = "The best of {count} redesigns should win {best} buyers who choose between it and your product as it is."
NONE_WINS = (
    "None of the {count} redesigns should win more than half of the buyers who choose between it and your product as "
    "it is."
)
OTHER_KIND = "{count} of the {total} redesigns may show another kind of product."

NEXT = {
    "likely": "Pick the one or two that you could really make, and show them to customers before you make anything.",
    "unclear": "Treat these as ideas. If one appeals to you, show it to customers before you make anything.",
    "no gain found": "Do not change the product on this evidence. Try another group of buyers, or another product.",
    "no promise": "Choose a larger group of buyers, or come back with more purchases.",
    "unchecked": "Treat these as ideas. If one appeals to you, show it to customers before you make anything.",
}
TRY = "puts the pictures into one file for a customer panel or a shop's own test."
TRY_COMMAND = "gigs report {folder} --test-pack"

REDRAWN = "The computer redrew your product, and every redesign starts from that picture."
REDRAWN_CHANGES = "Redrawing alone changed this, which is not part of any redesign: {words}"
REDRAWN_SAME = "Redrawing alone changed little that can be named."
COMPARE = "Redesigns for {label}, at full size"
COMPARE_WORDS = "Drag a slider, or use the arrow keys, to move between before and after."
BEFORE_PHOTO, BEFORE_FIRST = "your photo", "the first design"
ON_PHOTO = (
    "Every redesign is your own photo, with the product's colours and outline changed. Its fabric, print, buttons and "
    "seams stay as you photographed them."
)
SKETCH = (
    "A rough sketch: the computer's own drawing of this redesign changes more than can be shown on your photo, such as "
    "another neckline or sleeve."
)
FEWER = (
    "You asked for {asked} redesigns. Of {candidates} that were tried, {over}no more than {count} can be told apart "
    "and still look like the same kind of product."
)
FEWER_ONE = (
    "You asked for {asked} redesigns. Of {candidates} that were tried, {over}all others look like this one, like "
    "your photo, or like another kind of product."
)
FEWER_OVER = "{over} change more than you allow, and "
FRONT = "Less change, or more gain"
FRONT_WORDS = (
    "From left to right the product changes more, and the computer models that the redesigns were made for like it "
    "better than any that changes less. Independent judges have not looked at these small pictures. For redesigns "
    "that change no more than one of them, run again with its limit, such as {command}."
)
FRONT_COMMAND = "--budget {budget}"
FRONT_IS = "Redesign {number}"
FRONT_LIMIT = "Limit {budget}"
SCRATCH = "A design drawn from scratch; every redesign starts from it."
TAKEN_FOR = "It is compared with the shop's {kinds}, since that is what the computer takes it for."
TOLD = "It is compared with the shop's {kinds}, since that is what you say it is."
TAKEN_UNSURELY = (
    "The computer is not sure what kind of product this is. It compares it with the shop's {kinds}: if that is wrong, "
    "trust none of what follows. Say what it is and run again (`--type`, in the studio “What is it?”)."
)
TAKEN_FOR_ONE_OF_TWO = (
    "The computer is not sure whether this is a {first} or a {second}. It compares it with the shop's {kinds}: if that "
    "is wrong, trust none of the rest. Say what it is and run again (`--type {other}`, in the studio “What is it?”)."
)
SURE_OF_KIND = 0.8  # probability; the bundled pack's classifier is right nine times in ten
NOT_SURE = "Not sure about: {names}."


def kind_in_doubt(category: ProductCategory) -> str | None:
    """What to say where a product may be of another kind than it is taken for; None where that is unlikely."""
    if category.told:
        return None
    kinds, rivals = plural(category.photo), [one.name for one in category.rivals]
    if rivals:
        other = next((name for name in rivals if name != category.photo), rivals[-1])
        first, second = (name.lower() for name in rivals)
        return TAKEN_FOR_ONE_OF_TWO.format(first=first, second=second, kinds=kinds, other=other)
    return TAKEN_UNSURELY.format(kinds=kinds) if category.probability < SURE_OF_KIND else None


def plural(kind: str) -> str:
    """A type's name as a sentence has it for many of them: `dresses` for Dress."""
    word = kind.strip().lower()
    if not word or word == "unknown":
        return "products"
    if word.endswith(("ss", "sh", "ch", "x")):
        return word + "es"
    return word if word.endswith("s") else word + "s"


def percent(share: float) -> str:
    """A share as a seller reads it: never 0% or 100% of a sample."""
    if share < 0.01:
        return "under 1%"
    return "over 99%" if share > 0.99 else f"{100 * share:.0f}%"


def headline(one: Judged) -> str:
    """What matters most about a redesign, in a few words: the share of buyers, or where there is none, a verdict."""
    return VERDICTS[one.verdict] if one.share is None else str(one.share)


def promise(share: Share | None, checked: bool) -> str:
    """What the share of buyers means, in a sentence."""
    if share is None:
        return NO_SHARE if checked else ""
    return SHARE.format(of_100=round(share.of_100), low=round(share.low), high=round(share.high))


def nearest(item: NearestItem) -> str:
    """The nearest real item, and how near."""
    rarity = item.rarity
    if rarity < 0.01:
        near = "so near that this is almost that item"
    elif rarity < 0.25:
        near = "quite near"
    else:
        near = "about as far from it as the shop's items are from one another"
    return f"Nearest item in the shop: {item.item_id}, {near}."


def fewer(result: Record) -> str | None:
    """Why fewer redesigns are shown than were asked for; None where they are not."""
    choice, count = result.choice, len(result.suggestions)
    if choice is None or count >= choice.asked:
        return None
    over = FEWER_OVER.format(over=choice.over_budget) if choice.over_budget else ""
    words = FEWER_ONE if count == 1 else FEWER
    return words.format(asked=choice.asked, candidates=choice.candidates, over=over, count=count)


def stamps(on_photo: bool) -> str:
    """What the pictures are, and are not for."""
    return STAMPS_ON_PHOTO if on_photo else STAMPS


def limit(change: float) -> str:
    """The least budget, in hundredths, that allows a change."""
    return f"{math.ceil(100 * change) / 100:.2f}"


def summary(result: Record) -> str:
    """One sentence that a seller can act on, no stronger than what was measured."""
    count = len(result.suggestions)
    if not result.photo:
        return FROM_SCRATCH.format(count=count, label=result.audience.label)
    if result.doubt or result.verdict == "no promise":
        return BELIEF["no promise"]
    if result.verification is None:
        better = sum((entry.gain_vs_photo or 0) > 0 for entry in result.suggestions)
        return f"{better} of {count} redesigns score higher than your photo with these buyers; that is unchecked."
    shares = [entry.share for entry in result.suggestions if entry.share is not None]
    if shares:
        best = max(shares, key=lambda share: share.of_100)
        if best.of_100 <= EVEN:
            return NONE_WINS.format(count=count)
        return BEST.format(count=count, best=best)
    likely = sum(entry.verdict == "likely" for entry in result.suggestions)
    if likely == 0:
        return f"None of the {count} redesigns is sure enough to be called better than your photo."
    return f"{likely} of {count} redesigns {'is' if likely == 1 else 'are'} likely to be liked better than your photo."


TRIAL_PHOTO = "Your photo"
TRIAL_PHOTO_FAIR = "Your photo: the fair comparison for the redesigns on it"
TRIAL_REDRAWN = "Your product as the computer draws it: the fair comparison for the redesigns"
TRIAL_FIRST = "A design drawn from scratch: the fair comparison for the redesigns"
TRIAL_ON_PHOTO = "a computer changed the product in your own photo"
TRIAL_DRAWN = "a computer drew them"
TRIAL_BOTH = "a computer drew them, or changed the product in your own photo"
TRIAL_FAIR_ON_PHOTO = """\
  1. Choose two to four options, and always your own photo among them. Every redesign of it is the same photo with the
     product changed, so only the design differs."""
TRIAL_FAIR_DRAWN = """\
  1. Choose two to four options, and always the redrawn product among them. A drawing beside a sharp photo loses for
     being a drawing; the redrawn product is drawn by the same computer, so only the design differs."""
TRIAL_FAIR_BOTH = """\
  1. Choose two to four options of one product, and always its fair comparison among them, which options.csv names. A
     redesign on your photo is compared with your photo; a drawing beside a sharp photo would lose for being a drawing,
     so it is compared with the redrawn product."""
TRIAL_README = """HOW TO TEST THESE REDESIGNS WITH PEOPLE

What is here
  One folder for each product, with one picture for each option: A, B, C and so on.
  options.csv    one line for each option: its file, what changes in plain words, what the computer judges say.

All pictures but your own photo are DESIGN CONCEPTS, NOT LISTING PHOTOS: {made}.
Say so to whoever sees them, and never publish one as the picture of something that you sell. That would mislead buyers,
and marketplaces forbid it.

With a customer panel (services that show pictures to people who match your buyers)
{fair}
  2. Ask one question, such as "Which of these would you rather buy?", and ask for the reason.
  3. Show the options in random order. Do not show the captions or the verdicts.
  4. Ask 50 people or more. Between two options, 50 people tell a preference of 2 to 1 from chance; finer ones need
     more people (100 tell 60 to 40).

In your own shop
  1. Do not put a concept on sale. Make a sample of the best option first, and photograph it like your other products.
  2. Show the present product to one half of the visitors and the new one to the other half, by chance, side by side
     in time.
  3. Write down before you start how long it will run and what will count (orders, not clicks), and keep to it.
  4. Run it for whole weeks, four at least, or until each side has had some hundred orders.

If the test finds no difference, keep the present product: the new one has yet to earn its cost.
"""


def trial_readme(on_photo: set[bool]) -> str:
    """How to run a test with people.

    Args:
        on_photo: Whether redesigns are on the seller's photo: one value, or both where products differ in it.
    """
    if len(on_photo) > 1:
        return TRIAL_README.format(made=TRIAL_BOTH, fair=TRIAL_FAIR_BOTH)
    made, fair = (TRIAL_ON_PHOTO, TRIAL_FAIR_ON_PHOTO) if True in on_photo else (TRIAL_DRAWN, TRIAL_FAIR_DRAWN)
    return TRIAL_README.format(made=made, fair=fair)
