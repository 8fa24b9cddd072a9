"""`gigs serve`: redesigns over HTTP, with the same limits, checks and engine as the studio."""
