"""What the studio and `gigs serve` share: one engine, one line of computations, and what reaches a server at all."""
