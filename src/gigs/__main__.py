"""`python -m gigs`."""

from gigs.cli import main

if __name__ == "__main__":  # processes that gigs starts import this module and must not run it
    main()
