"""`gigs serve`: redesigns over HTTP, with the limits, the checks and the engine of the studio."""
