"""One small run as a process of its own: `python -m tests.farm.one_run PACK CATALOGUE OUT [ITEMS]`.

With ITEMS it kills itself when so many are written.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from gigs.farm.run import farm
from gigs.progress import Step
from tests.farm import shop


def main() -> None:
    """Run."""
    pack, catalogue, out = map(Path, sys.argv[1:4])
    last = int(sys.argv[4]) if len(sys.argv) > 4 else None

    def on_step(step: Step) -> None:
        if last is not None and step.done >= last:
            os.kill(os.getpid(), signal.SIGKILL)

    request = shop.request(catalogue, pack, out, resume=True, batch=1)
    print(farm(request, on_step, session=shop.small_session(pack, catalogue)).made)


if __name__ == "__main__":
    main()
