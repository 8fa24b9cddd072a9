"""One small run as a process of its own, to be killed: `python -m tests.farm.one_run PACK CATALOGUE OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

from gigs.farm.run import farm
from tests.farm import shop


def main() -> None:
    """Run."""
    pack, catalogue, out = map(Path, sys.argv[1:4])
    request = shop.request(catalogue, pack, out, resume=True, batch=1)
    print(farm(request, session=shop.small_session(pack, catalogue)).made)


if __name__ == "__main__":
    main()
