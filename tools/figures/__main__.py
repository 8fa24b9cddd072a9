"""Fill the figures into README and guides, after measuring them anew where that is asked for.

python -m tools.figures                    # measure everything, then fill: `make figures`
python -m tools.figures --only share demo  # only these measurements
python -m tools.figures --fill             # measure nothing
python -m tools.figures --list             # what there is, and the command of each
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tools.figures.book import Book
from tools.figures.measure import measured
from tools.figures.texts import fill


def main(given: list[str] | None = None) -> int:
    """Exit code 0, or 1 where a command failed: the measurements before it are kept."""
    options = parse(given)
    book = Book.read()
    names = options.only or list(book.measurements)
    if unknown := set(names) - set(book.measurements):
        print(f"no measurement is called {', '.join(sorted(unknown))}; there are {', '.join(book.measurements)}")
        return 2
    if options.list:
        for name in names:
            print(f"{name}: {book.measurements[name].command or book.measurements[name].file}")
        return 0
    for name in [] if options.fill else names:
        print(f"measuring {name} ...", flush=True)
        try:
            book = measured(book, name, options.catalogue)
        except (subprocess.CalledProcessError, LookupError, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        book.write()
    for path in fill(book):
        print(f"filled {path}")
    return 0


def parse(given: list[str] | None) -> argparse.Namespace:
    """Options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure only these")
    parser.add_argument("--fill", action="store_true", help="measure nothing, fill the texts from docs/figures.json")
    parser.add_argument("--list", action="store_true", help="say what is measured, and how")
    parser.add_argument("--catalogue", type=Path, default=Path("data/hm"), help="imported catalogue (default: data/hm)")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
