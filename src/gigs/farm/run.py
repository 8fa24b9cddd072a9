"""A farm run: workers get blocks of items through Ray Data, and only this process writes the results.

One writer makes it simple that everything is written exactly once, on any store. Workers hand over finished parquet
files, so the writer only passes bytes on; `docs/farm.md` says how many workers it keeps up with.
"""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gigs.errors import InputError, ModelError
from gigs.farm import parts
from gigs.farm.attempts import Attempts
from gigs.farm.cluster import cluster, require_ray
from gigs.farm.plan import Item, Plan, Request, plan_of
from gigs.farm.products import Photos, Products
from gigs.farm.store import Store
from gigs.farm.tables import FAILED, REDESIGNS, put_together, read_table
from gigs.farm.weights import Kit, bytes_of, kit_of, put
from gigs.farm.worker import Worker
from gigs.io import storage
from gigs.progress import OnStep, Step, silent
from gigs.session import Session

ABOUT = "farm.json"
SCHEMA = 1
STAGE = "items"


@dataclass(frozen=True)
class Finished:
    """What a run gave: items, of these new ones, redesigns, failures by item and audience, and seconds.

    `workers`: by process id, after each of its parts: most memory so far, MB, and seconds of the processor.
    """

    items: int
    made: int
    redesigns: int
    failures: int
    seconds: float
    workers: dict[int, list[tuple[int, float]]]


def farm(
    request: Request,
    on_step: OnStep = silent,
    session: Session | None = None,
    products: Callable[..., Products] = Products,
) -> Finished:
    """Make every item of a request for every audience. Results of the same plan in `out` are kept.

    Args:
        request: The request.
        on_step: Progress: items done, with `items/min` and `minutes left`.
        session: An open session with the request's pack and catalogue, if there is one.
        products: What makes an item.

    Raises:
        DataError: The catalogue cannot be used.
        InputError: An input cannot be used, or `out` holds another run, or this one without `resume`.
        KeyboardInterrupt: The run was asked to stop. Finished items are kept.
    """
    require_ray()
    session = session or Session(request.pack, catalogue=request.catalogue)
    plan, catalogue = plan_of(request, session)
    store = Store.open(request.out)
    with store.held():
        _claim(store, plan, request)
        done = parts.places(parts.finished(store))
        began = time.perf_counter()
        blocks = list(plan.blocks(done, request.batch))
        workers: dict[int, list[tuple[int, float]]] = {}
        if blocks:
            size = int(catalogue.info["image_size"])
            photos = Photos(catalogue.root.resolve() / f"images-{size}.npy")
            kit = kit_of(session, request.options, list(plan.audiences))
            count = _Count(len(plan.items), len(done), on_step)
            for part in _made(blocks, kit, photos, request, products):
                parts.commit(store, part["name"], part["part"], part["pictures"])
                workers.setdefault(part["worker"], []).append((part["rss_mb"], part["cpu_s"]))
                count.add(part["count"])
        if blocks or not store.has(REDESIGNS):
            put_together(store)
        return Finished(
            items=len(plan.items),
            made=len(plan.items) - len(done),
            redesigns=len(read_table(store, REDESIGNS, ["rank"])),
            failures=len(read_table(store, FAILED, ["stage"])),
            seconds=time.perf_counter() - began,
            workers=workers,
        )


def _claim(store: Store, plan: Plan, request: Request) -> None:
    """Take a folder for this plan; refuse one that holds another, or anything else."""
    if not store.has(ABOUT):
        if store.names() or store.names(parts.FOLDER):
            raise InputError(f"{store.url}: holds files that do not belong to a farm run; choose another folder")
        content = {"schema": SCHEMA, "mark": plan.mark, **json.loads(json.dumps(plan.about, default=str))}
        store.write(ABOUT, storage.json_bytes(content))
        return
    held = about_of(store)
    if held.get("mark") != plan.mark:
        now = json.loads(json.dumps(plan.about, default=str))
        other = ", ".join(name for name in now if held.get(name) != now[name]) or "an audience's taste, or gigs itself"
        raise InputError(f"{store.url}: holds a run with other settings ({other}); choose another folder")
    if not request.resume:
        there = len(parts.places(parts.finished(store)))
        raise InputError(
            f"{store.url}: holds this run already, with {there} of {len(plan.items)} items done; continue it "
            "with `resume`, or choose another folder"
        )


def about_of(store: Store) -> dict[str, Any]:
    """What `farm.json` says.

    Raises:
        InputError: There is none.
        ModelError: It is damaged.
    """
    if not store.has(ABOUT):
        raise InputError(f"{store.url}: not a folder of `gigs farm`; it has no {ABOUT}")
    try:
        found = json.loads(store.read(ABOUT))
    except ValueError as error:
        raise ModelError(f"{store.url}/{ABOUT}: damaged ({error})") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ModelError(f"{store.url}/{ABOUT}: not from this version of gigs; run `gigs farm` into another folder")
    return found


def _made(
    blocks: list[tuple[Item, ...]], kit: Kit, photos: Photos, request: Request, products: Callable[..., Products]
) -> Iterator[dict[str, Any]]:
    """The parts of all blocks, in the order in which they are ready."""
    ray = require_ray()
    with cluster(request.address, request.workers, bytes_of(kit)) as workers:
        ray.data.DataContext.get_current().enable_progress_bars = False
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=True
        )
        weights = put(kit)
        attempts = ray.remote(Attempts).options(num_cpus=0, scheduling_strategy=here).remote([weights])
        given = [{"items": pickle.dumps(block)} for block in blocks]
        # One block is one task: Ray hands it to another worker if its own dies, and holds new ones back while finished
        # parts wait to be written.
        data = ray.data.from_items(given, override_num_blocks=len(given)).map_batches(
            Worker,
            fn_constructor_args=(attempts, photos, _compute(kit), products),
            batch_size=1,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=min(workers, len(given))),
        )
        for batch in data.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            yield from batch.to_pylist()


def _compute(kit: Kit) -> str:
    """The driver's way of computing, as `GIGS_COMPUTE` has it."""
    compute = kit.session.compute(kit.options.preset)
    return ",".join(["bf16" if compute.bf16 else "fp32", *(["channels_last"] if compute.channels_last else [])])


class _Count:
    """Progress: the rate is of this call, what was done before it does not count."""

    def __init__(self, total: int, done: int, on_step: OnStep) -> None:
        self.total, self.before, self.done, self.on_step = total, done, done, on_step
        self.began = time.perf_counter()
        on_step(Step(STAGE, done, total))

    def add(self, items: int) -> None:
        """Some more are written."""
        self.done += items
        minutes = (time.perf_counter() - self.began) / 60
        rate = (self.done - self.before) / max(minutes, 1e-9)
        values = {"items/min": rate, "minutes left": (self.total - self.done) / rate}
        self.on_step(Step(STAGE, self.done, self.total, values))
