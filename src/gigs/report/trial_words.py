"""The guide in a test pack: how to test redesigns with people."""

from __future__ import annotations

from gigs.languages import ENGLISH, Language, message

PHOTO = message("Your photo")
PHOTO_FAIR = message("Your photo: the fair comparison for the redesigns on it")
REDRAWN = message("Your product as the computer draws it: the fair comparison for the redesigns")
FIRST = message("A design drawn from scratch: the fair comparison for the redesigns")
FAIR_ON_PHOTO = message("""\
  1. Choose two to four options. Always include your own photo. Every redesign of it is the same photo with the product
     changed, so only the design differs.""")
FAIR_DRAWN = message("""\
  1. Choose two to four options. Always include the redrawn product. A drawing beside a sharp photo loses because it is
     a drawing. The redrawn product is drawn by the same computer, so only the design differs.""")
FAIR_BOTH = message("""\
  1. Choose two to four options of one product. Always include its fair comparison, which options.csv names. A redesign
     on your photo is compared with your photo. A drawing beside a sharp photo would lose because it is a drawing, so it
     is compared with the redrawn product.""")
GUIDE = message("""HOW TO TEST THESE REDESIGNS WITH PEOPLE

What is here
  There is one folder for each product, with one picture for each option: A, B, C and so on.
  options.csv has one line for each option: its file, what changes in plain words, and what the computer judges say.

All pictures except your own photo are DESIGN CONCEPTS, NOT LISTING PHOTOS.
Tell everybody who sees them. Never publish one as the picture of something that you sell. That would mislead buyers,
and marketplaces forbid it.

With a customer panel (a service that shows pictures to people who match your buyers)
{fair}
  2. Ask one question, such as "Which of these would you rather buy?", and ask for the reason.
  3. Show the options in random order. Do not show the captions or the verdicts.
  4. Ask 50 people or more. With two options, 50 people are enough to tell a preference of 2 to 1 from chance. A smaller
     difference needs more people: 100 are enough for 60 to 40.

In your own shop
  1. Do not put a concept on sale. Make a sample of the best option first, and photograph it like your other products.
  2. Show the present product to one half of the visitors and the new one to the other half, chosen at random, during
     the same time.
  3. Before you start, write down how long the test will run and what will count (orders, not clicks). Keep to it.
  4. Run it for whole weeks: at least four, or until each side has a few hundred orders.

If the test finds no difference, keep the present product. The new one has yet to earn its cost.
""")


def trial_readme(on_photo: set[bool], say: Language = ENGLISH) -> str:
    """How to run a test with people.

    Args:
        on_photo: Whether redesigns are on the seller's photo: one value, or both where products differ in it.
        say: The language.
    """
    fair = FAIR_BOTH if len(on_photo) > 1 else FAIR_ON_PHOTO if True in on_photo else FAIR_DRAWN
    return say(GUIDE, fair=say(fair))
