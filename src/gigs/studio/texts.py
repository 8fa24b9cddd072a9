"""Every sentence of the studio, for readers who know nothing of machine learning."""

from __future__ import annotations

from gigs.report import texts as report

TITLE = "gigs studio"
INTRO = (
    "Show one of your products, say whom it should please, and see how it could be redesigned for them. "
    "Every picture made here is a design concept, not a listing photo."
)
PHOTO = "1. Your product photo"
PHOTO_HINT = "One product from the front, on a plain, light backdrop. JPEG, PNG, WebP or AVIF, up to 20 MB."
EXAMPLES = "No photo at hand? Pick one of these"
AUDIENCE = "2. Who should like it better?"
CHANGE = "3. How much may change?"
LESS, MORE = "Change less", "Improve more"
OPTIONS = "More choices"
KIND = "What is it?"
LOOK = "Let the computer see"
ASK = "Which of these is it? (Another kind can be chosen under “More choices”.)"
ASKING = (
    "A quick draft, but first a question: is this a {first} or a {second}? Say it under “Which of these is it?”, since "
    "everything is compared with products of that kind."
)
COUNT = "Number of redesigns"
CAREFUL = "Take extra care to keep prints, buttons and cut (takes longer)"
ANYWAY = "Go on with this photo anyway"
GO, STOP = "Make the redesigns", "Stop"
RESULTS, COLOURS, HISTORY = "Redesigns", "Other colours", "Earlier in this visit"
COLOUR_NAMES = "Colours that you have in mind (optional)"
COLOUR_HINT = "Names or numbers such as navy, #7a1f2b, with commas in between. Liked colours are found."
COLOUR_GO = "Show it in other colours"
COLOURING, COLOURED = "Trying colours", "Your product in other colours, best first."
OPEN_COLOURS = "Open the page of colours"
ODD_COLOURS = "Write colours as names or numbers, such as navy, #7a1f2b."

CONCEPT = "design concept"
NOTE = "Design concept, not a listing photo. Made by gigs."
SKETCH = "A rough sketch: more of it was meant to change than your photo can show."

START = "Choose a photo or pick an example. A quick draft appears at once."
DRAFT = (
    "A quick draft for {audience}. Nothing is checked yet: press “Make the redesigns” for finished pictures, "
    "checked, with a report."
)
DRAFTING = "Making a draft"
ARRIVING = "Redesigns found so far. They are put in order and checked at the end."
SOON = "One moment …"
WAITING_NEXT = "Yours is next; somebody else's redesigns are being made."
WAITING = "{ahead} others come before you."
STOPPED = "Stopped. Nothing was kept of this run."
DONE = "Done in {seconds:.0f} seconds."
NO_PHOTO = "First choose a photo of your product, or pick an example."
NO_SESSION = "The page lost its connection. Reload it, please."
RUNNING = "Your redesigns are still being made. Wait for them, or press “Stop” first."
ODD_NUMBER = "That setting is not one of those on this page. Reload the page, please."
NO_KIND = "This kind of product is not known here. Choose one from the list."
NO_ADDRESS = "Photos are uploaded from your device; web addresses and other files are not opened."
TOO_LARGE = "Your photo is larger than {most} MB. Save a smaller copy and try again."
NO_ROOM = "Too much is being uploaded here just now. Try again in a minute."
TOO_SLOW = "This took longer than {seconds:.0f} seconds and was ended. Try fewer redesigns, or without extra care."
BUSY = "Too many people are making redesigns right now. Wait a minute and try again."
BROKEN = "Something went wrong on our side. Try again; if it happens again, tell whoever runs this studio."
NOTHING_TO_SHOW = (
    "No redesign of this photo changes anything that can be seen. Let more change, keep less as it is, or choose other "
    "buyers."
)
REFUSED_HINT = "If you are sure of your photo, tick “Go on with this photo anyway”."

KEEP = "What must stay as it is"
MASK = "Where your product is, if it was not found: a picture as large as your photo, white there and black elsewhere"
REGION = "What must not change, such as a logo: a picture as large as your photo, white there and black elsewhere"
KEPT = {"colour": "its colours", "shape": "its outline", "print": "its print"}

STAGES = {
    "finding the product": "Looking closely at your product",
    "keeping its details": "Learning its details",
    "redesigning": "Making redesigns",
    "checking the redesigns": "Checking them independently",
}
WRITING = "Writing the report"

VERDICTS = report.VERDICTS  # the page and the report it leads to say the same
ROUGH = (
    "The computer redrew your product only roughly, so details may be lost. A plain front view on an even, light "
    "backdrop usually helps; so does extra care, under “More choices”."
)
SUMMARY = {
    "likely": "{likely} of {count} redesigns are likely to be liked better than your product by {audience}.",
    "one": "1 of {count} redesigns is likely to be liked better than your product by {audience}.",
    "none": (
        "None of the {count} redesigns is sure to be liked better by {audience}. The first ones are the most promising."
    ),
    "no promise": "Too little is known about {audience} to promise anything. Take these as ideas.",
    "unchecked": "{count} redesigns for {audience}. They were not checked.",
}
NEXT = (
    "What now? Open the report and print it, show the best two or three to customers or a panel, and talk to your "
    "maker. Do not put these pictures on sale: they show products that do not exist."
)
COMPARE = "Compare at full size"
OPEN_REPORT, SAVE_ALL = "Open the report", "Save everything (zip)"
DRAFTED, REDESIGN = "Draft {number}", "Redesign {number}"
LISTED = "{at} · {count} redesigns for {audience}"
TODAY = "Your product today"
FOOT = "Runs on this computer only. Your photo goes nowhere else and is deleted after you close the page."
NOT_HERE = "There is nothing here for you."
SLOW_UPLOAD = "Your photo took too long to arrive. Try again, or save a smaller copy."
GONE = "This result is no longer here. Results are deleted after you close the page, and the oldest when room is short."
