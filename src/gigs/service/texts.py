"""What the engine calls the things that it was given."""

from __future__ import annotations

from gigs.languages import message

YOUR_PHOTO = message("your photo")
YOUR_MASK = message("your picture of where the product is")
YOUR_REGION = message("your picture of what must not change")
NO_AUDIENCE = message("This group of buyers is not known here. Choose one from the list.")
