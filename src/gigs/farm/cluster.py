"""Ray clusters: one that is started on this machine for the run, or a running one, which is left as it is."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gigs.errors import InputError

ROOM = 256 << 20  # bytes of the object store beside the weights: parts that wait to be written
LEAST = 80 << 20  # Ray takes no less


def require_ray() -> Any:
    """Import Ray, without its output and usage statistics.

    Raises:
        InputError: It is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what goes wrong is raised, and said once
    os.environ.setdefault("RAY_worker_niceness", "0")  # its default, 15, starves workers wherever anything else runs
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
            import ray.data
    except ImportError as error:
        raise InputError("gigs farm needs Ray, which is not installed: pip install 'gigs[farm]'") from error
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray


@contextmanager
def cluster(address: str | None, workers: int | None, weights: int) -> Iterator[int]:
    """Join a cluster, or start one on this machine. Yields the number of workers.

    Args:
        address: Address of a running cluster, or `auto`; None starts one.
        workers: Number of workers; None for one per core.
        weights: Bytes that the object store has to hold for the workers.

    Raises:
        InputError: There is no cluster at the address, or it has no cores.
    """
    ray = require_ray()
    if ray.is_initialized():  # the caller's own
        yield _count(ray, workers)
        return
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    folder = None
    if address is None:
        folder = tempfile.mkdtemp(prefix="gigs-")
        count = workers or os.cpu_count() or 1
        store = max(LEAST, weights + ROOM)
        local = {"num_cpus": count, "include_dashboard": False, "object_store_memory": store, "_temp_dir": folder}
        settings = quiet | local
    else:
        settings = quiet | {"address": address}
    try:
        try:
            ray.init(**settings)
        except Exception as error:  # Ray raises whatever its parts raise
            raise InputError(f"`address` {address or 'not given'}: no Ray cluster to work on ({error})") from error
        yield _count(ray, workers)
    finally:
        ray.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _count(ray: Any, workers: int | None) -> int:
    cores = int(ray.cluster_resources().get("CPU", 0))
    if not cores:
        raise InputError("the Ray cluster has no cores; start its nodes first")
    if workers is not None and workers > cores:
        raise InputError(f"`workers` {workers}: the Ray cluster has {cores} cores, and each worker needs one")
    return workers or cores
