"""A worker: a Ray actor on one core that turns blocks of items into parts."""

from __future__ import annotations

import os
import pickle
import resource
import time
from collections.abc import Callable
from typing import Any

import torch

from gigs.farm.attempts import LIMIT
from gigs.farm.parts import Made, name_of
from gigs.farm.plan import Item
from gigs.farm.products import WORKER, Photos, Products, StageError

Batch = dict[str, Any]


class Worker:
    """Called by Ray Data with one block at a time.

    Args:
        attempts: The run's `Attempts`, as an actor.
        photos: Where the photos are.
        compute: `GIGS_COMPUTE`: as on the driver, so that all machines compute alike.
        products: What makes the items.
    """

    def __init__(self, attempts: Any, photos: Photos, compute: str, products: Callable[..., Products]) -> None:
        import ray

        os.environ["GIGS_COMPUTE"] = compute
        torch.set_num_threads(1)
        self._get, self._attempts = ray.get, attempts
        self._products = products(ray.get(ray.get(attempts.kit.remote())[0]), photos)

    def __call__(self, batch: Batch) -> Batch:
        """Make the block's items: `items` in; the part's `name`, `part`, `pictures` and what it is about out."""
        items: list[Item] = list(pickle.loads(batch["items"][0]))
        made = Made()
        for item in items:
            self._make(item, made)
        part, pictures = made.files()
        about = {
            "count": len(items),
            "failed": len(made.failures),
            "worker": os.getpid(),
            "rss_mb": _rss_mb(),
            "cpu_s": time.process_time(),
        }
        name = name_of(items[0].place, items[-1].place)
        return {key: [value] for key, value in {"name": name, "part": part, "pictures": pictures, **about}.items()}

    def _make(self, item: Item, made: Made) -> None:
        if self._get(self._attempts.begin.remote(item.place)):
            self._products.make(item, made)
        else:
            why = f"{LIMIT} workers died on this item, one after the other: out of memory, or killed"
            self._products.fail(item, StageError(WORKER, why), made)
        self._get(self._attempts.end.remote(item.place))


def _rss_mb() -> int:
    """Most memory that this process has held, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak >> (20 if os.uname().sysname == "Darwin" else 10))
