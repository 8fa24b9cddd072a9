"""The plan of a farm run: items, audiences and settings. The same plan gives the same bytes."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gigs.audience import MINIMUM_USERS, Audience
from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import InputError
from gigs.io import storage
from gigs.io.fingerprint import fingerprint
from gigs.method.options import Options
from gigs.packs.names import DEFAULT
from gigs.session import Session

CATEGORY = "type"  # the catalogue's column that says what kind of product an item is


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of `gigs farm`; see its options.

    Attributes:
        catalogue: Folder of the catalogue. With several machines, all of them must be able to read it.
        audiences: Audiences as for `Session.audience`, each once.
        out: Folder, or a URL that fsspec knows.
        options: Options as for `Session.suggest`. Each item's seed is derived from the seed.
        pack: As for `Session`.
        where: Condition on the item table; empty for all items.
        limit: Largest number of items, in the order of their ids; None for all.
        workers: Number of processes with one core each; None for one per core.
        address: Address of a running Ray cluster, or `auto`; None starts one here.
        batch: Number of items that a worker gets, and that are written, at once.
        resume: Continue the run in `out`.
        min_audience: Smallest number of users in an audience.
    """

    catalogue: Path
    audiences: tuple[str, ...]
    out: str
    options: Options = field(default_factory=Options)
    pack: str = DEFAULT
    where: str = ""
    limit: int | None = None
    workers: int | None = None
    address: str | None = None
    batch: int = 4
    resume: bool = False
    min_audience: int = MINIMUM_USERS

    def __post_init__(self) -> None:
        for name, value in (("limit", self.limit), ("workers", self.workers), ("batch", self.batch)):
            if value is not None and value < 1:
                raise InputError(f"`{name}` must be 1 or more, not {value}")
        if not self.audiences:
            raise InputError("name at least one audience, such as women; `gigs audience list` shows the pack's")
        for name in self.audiences:
            if self.audiences.count(name) > 1:
                raise InputError(f"`audience` {name}: given twice")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One product: its place in the plan, its row in the catalogue, and its entry there."""

    place: int
    row: int
    item_id: str
    name: str
    category: str
    has_image: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a run.

    Attributes:
        items: In the order of their ids.
        audiences: In the order of their names.
        mark: Fingerprint of everything that the results depend on.
        about: The same in words, for `farm.json`.
    """

    items: Sequence[Item]
    audiences: Sequence[Audience]
    mark: str
    about: dict[str, Any]

    def blocks(self, done: set[int], size: int) -> Iterator[tuple[Item, ...]]:
        """The items that are left, in blocks of neighbours: so parts can be put in order without sorting rows."""
        block: list[Item] = []
        for item in self.items:
            if block and (item.place in done or len(block) == size):
                yield tuple(block)
                block = []
            if item.place not in done:
                block.append(item)
        if block:
            yield tuple(block)


def plan_of(request: Request, session: Session) -> tuple[Plan, Catalogue]:
    """The plan of a request, and its catalogue.

    Raises:
        DataError: The catalogue cannot be used.
        InputError: An audience or the condition cannot be used, or no item is left.
    """
    catalogue = Catalogue.open(request.catalogue)
    catalogue.images(int(catalogue.info["image_size"]))  # refuses a damaged file now, not in every worker
    found = [session.audience(spec, minimum=request.min_audience) for spec in request.audiences]
    audiences = sorted(found, key=lambda one: one.name)
    for one, other in pairwise(audiences):
        if one.name == other.name:
            raise InputError(f"two audiences have the name {one.name!r}; name each once")
    items = _items(catalogue, request)
    about = _about(request, session, catalogue, audiences, items)
    tensors = [tensor for one in audiences for tensor in (one.theta, one.sample, one.covariance)]
    plan = Plan(items=items, audiences=audiences, mark=fingerprint(about, tensors), about=about)
    return plan, catalogue


def seed_of(seed: int, item_id: str) -> int:
    """An item's seed. It depends only on the run's seed and the item's id."""
    digest = hashlib.sha256(f"{seed}/{item_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _items(catalogue: Catalogue, request: Request) -> list[Item]:
    table = catalogue.items
    rows = select(catalogue, np.arange(len(table)), request.where)
    ids = table["item_id"].astype(str).to_numpy()[rows]
    rows = rows[np.argsort(ids, kind="stable")][: request.limit]
    if not len(rows):
        raise InputError(f"{request.catalogue}: no item to work on; the condition {request.where!r} leaves none")
    chosen = table.iloc[rows]
    empty = [""] * len(rows)
    names = chosen["name"].fillna("").astype(str) if "name" in chosen else empty
    categories = chosen[CATEGORY].fillna("").astype(str) if CATEGORY in chosen else empty
    pictured = chosen["has_image"].to_numpy(dtype=bool)
    columns = zip(rows.tolist(), chosen["item_id"].astype(str), names, categories, pictured.tolist(), strict=True)
    return [
        Item(place=place, row=row, item_id=item_id, name=name, category=category, has_image=there)
        for place, (row, item_id, name, category, there) in enumerate(columns)
    ]


def _about(
    request: Request, session: Session, catalogue: Catalogue, audiences: Sequence[Audience], items: Sequence[Item]
) -> dict[str, Any]:
    options = request.options
    ids = hashlib.sha256("\n".join(item.item_id for item in items).encode()).hexdigest()
    return {
        "catalogue": {**catalogue.info, "items.parquet": storage.sha256_of(catalogue.root / "items.parquet")},
        "where": request.where,
        "items": len(items),
        "item_ids": ids,
        "audiences": [{"name": one.name, "label": one.label, "users": one.users} for one in audiences],
        "preset": asdict(options.preset),
        "options": {"seed": options.seed, "keep": options.keep, "verify": options.verify, "force": options.force},
        "pack": session.pack.name,
        "models": session.files,
        "versions": {"gigs": version("gigs"), "torch": torch.__version__, "python": platform.python_version()},
        "compute": session.compute(options.preset).describe(),
    }
