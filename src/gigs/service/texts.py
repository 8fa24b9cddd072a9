"""What the engine calls the things that it was given."""

from __future__ import annotations

YOUR_PHOTO = "your photo"
YOUR_MASK, YOUR_REGION = "your picture of where the product is", "your picture of what must not change"
NO_AUDIENCE = "This group of buyers is not known here. Choose one from the list."
