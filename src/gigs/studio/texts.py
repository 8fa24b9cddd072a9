"""What the studio says, for readers who know nothing of machine learning.

Every sentence is marked with `message`; a `Language` translates it where it is shown.
"""

from __future__ import annotations

from gigs.languages import message
from gigs.report import texts as report

TITLE = "gigs studio"
INTRO = message(
    "Show one of your products and say who should like it. You will see how it could be redesigned for them. Every "
    "picture made here is a design concept, not a listing photo."
)
LANGUAGES = message("Language")
PHOTO = message("1. Your product photo")
PHOTO_HINT = message(
    "One product from the front, on a plain, light backdrop. JPEG, PNG, WebP or AVIF, up to {most} MB."
)
EXAMPLES = message("No photo at hand? Pick one of these")
EXAMPLE = message("Example {number}")
AUDIENCE = message("2. Who should like it better?")
CHANGE = message("3. How much may change?")
LESS, MORE = message("Change less"), message("Improve more")
OPTIONS = message("More choices")
KIND = message("What is it?")
LOOK = message("Let the computer decide")
ASK = message("Which of these is it? (You can choose another type under “More choices”.)")
ASKING = message(
    "This is a quick draft. First a question: is this “{first}” or “{second}”? Answer under “Which of these is it?”. "
    "Everything is compared with products of that type."
)
COUNT = message("Number of redesigns")
CAREFUL = message("Take extra care to keep prints, buttons and cut (takes longer)")
ANYWAY = message("Go on with this photo anyway")
GO, STOP = message("Make the redesigns"), message("Stop")
RESULTS, COLOURS = message("Redesigns"), message("Other colours")
HISTORY = message("Earlier in this visit")
COLOUR_NAMES = message("Colours that you have in mind (optional)")
COLOUR_HINT = message(
    "Write English colour names or hex values with commas in between, such as navy, #7a1f2b. Colours that buyers like "
    "are found without this."
)
COLOUR_GO = message("Show it in other colours")
COLOURING = message("Trying colours")
COLOURED = message("Your product in other colours, best first.")
OPEN_COLOURS = message("Open the page of colours")
ODD_COLOURS = message("Write colours as English names or hex values, such as navy, #7a1f2b.")

CONCEPT = message("design concept")
NOTE = "Design concept, not a listing photo. Made by gigs."  # in the picture's file, for programs too
SKETCH = message("This is a rough sketch. More of it was meant to change than your photo can show.")

START = message("Choose a photo or pick an example. A quick draft appears at once.")
DRAFT = message(
    "This is a quick draft for {audience}. Nothing is checked yet. Press “Make the redesigns” to get finished pictures "
    "that are checked, with a report."
)
DRAFTING = message("Making a draft")
ARRIVING = message("These redesigns were found so far. They are put in order and checked at the end.")
SOON = message("One moment …")
WAITING_NEXT = message("You are next. Somebody else’s redesigns are being made.")
WAITING = message("{ahead} others come before you.")
STOPPED = message("Stopped. Nothing was kept of this run.")
DONE = message("Done in {seconds} s.")
NO_PHOTO = message("First choose a photo of your product, or pick an example.")
NO_SESSION = message("The page lost its connection. Please reload it.")
RUNNING = message("Your redesigns are still being made. Wait for them, or press “Stop” first.")
ODD_NUMBER = message("This page does not offer that setting. Please reload the page.")
NO_KIND = message("This type of product is not known here. Choose one from the list.")
NO_ADDRESS = message("Upload the photo from your device. Web addresses and other files are not opened.")
TOO_LARGE = message("Your photo is larger than {most} MB. Save a smaller copy and try again.")
NO_ROOM = message("Too much is being uploaded here right now. Try again in a minute.")
TOO_SLOW = message("This took longer than {seconds} seconds and was stopped. Try fewer redesigns, or no extra care.")
BUSY = message("Too many people are making redesigns right now. Wait a minute and try again.")
BROKEN = message("Something went wrong on our side. Try again. If it happens again, tell whoever runs this studio.")
NOTHING_TO_SHOW = message(
    "No redesign of this photo changes anything that can be seen. Let more change, keep less as it is, or choose other "
    "buyers."
)
REFUSED_HINT = message("If you are sure of your photo, tick “Go on with this photo anyway”.")

KEEP = message("What must stay as it is")
MASK = message(
    "Where your product is, if it was not found: a picture as large as your photo, white there and black elsewhere"
)
REGION = message(
    "What must not change, such as a logo: a picture as large as your photo, white there and black elsewhere"
)
KEPT = {"colour": message("its colours"), "shape": message("its outline"), "print": message("its print")}

STAGES = {
    "finding the product": message("Looking closely at your product"),
    "keeping its details": message("Learning its details"),
    "redesigning": message("Making redesigns"),
    "checking the redesigns": message("Checking them independently"),
}
WRITING = message("Writing the report")

VERDICTS = report.VERDICTS  # the page and the report it leads to say the same
ROUGH = message(
    "The computer redrew your product only roughly, so details may be lost. A plain front view on an even, light "
    "backdrop usually helps. So does extra care, under “More choices”."
)
NONE_SURE = message(
    "None of the {count} redesigns is sure to be liked better by {audience}. The first ones are the most promising."
)
NO_PROMISE = message("Too little is known about {audience} to promise anything. Take these as ideas.")
UNCHECKED = message("{count} redesigns for {audience}. They were not checked.")
NEXT = message(
    "What now? Open the report and print it. Show the best two or three to customers or a panel, and talk to your "
    "maker. Do not put these pictures on sale, because they show products that do not exist."
)
COMPARE = message("Compare at full size")
OPEN_REPORT, SAVE_ALL = message("Open the report"), message("Save everything (zip)")
DRAFTED, REDESIGN = message("Draft {number}"), report.REDESIGN
TODAY = message("Your product today")
FOOT = message("This runs on this computer only. Your photo goes nowhere else. It is deleted after you close the page.")
NOT_HERE = message("There is nothing here for you.")
SLOW_UPLOAD = message("Your photo took too long to arrive. Try again, or save a smaller copy.")
GONE = message(
    "This result is no longer here. Results are deleted after you close the page. The oldest go first when space runs "
    "out."
)
