"""`python -m gigs`."""

from gigs.cli import main

main()
