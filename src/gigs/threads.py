"""How OpenMP's threads wait for one another: soon asleep, so that other busy programs do not slow gigs many times over.

PyTorch's kernels share their work among threads that meet at its end. By default a thread that is early spins, which is
quickest where every thread has a core of its own. Where other programs run too, it takes the core from the very thread
that it waits for (figures: `docs/lab/speed.md`). OpenMP reads these settings when it is loaded, with PyTorch, and
never again; so `import gigs` makes them, and it must come before `import torch` where a program imports both.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

# Ten thousand turns are long enough for the next kernel of an idle machine, and too short to matter to a busy one:
# sleeping at once cost 12% where nothing else ran, this 2%.
# GNU's OpenMP, which PyTorch has on Linux, and LLVM's and Intel's, on macOS and Windows (milliseconds of spinning).
ASLEEP = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "0"}


def wait_asleep(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Let threads go to sleep soon while they wait, in this process and those that it starts.

    Whoever set one of these themselves has decided: then none is touched.

    Args:
        environment: Where the settings are made.

    Returns:
        Whether they were made here.
    """
    if any(name in environment for name in ASLEEP):
        return False
    environment.update(ASLEEP)
    return True
