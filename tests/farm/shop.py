"""A tiny catalogue and session for farm runs, and items that kill whoever works on them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd

from gigs.data.catalogue import Catalogue
from gigs.farm.parts import Made
from gigs.farm.plan import Item, Request
from gigs.farm.products import Products
from gigs.farm.store import Store
from gigs.farm.tables import FAILED, REDESIGNS
from gigs.method.options import Options, preset_of
from gigs.session import Session
from tests.helpers.small_models import write_small_pack
from tests.helpers.stand_ins import Pyramid

AUDIENCES = ("everyone", "few")
NO_PICTURE = 2  # place of an item without one


def small_session(pack: Path, catalogue: Path) -> Session:
    """A session with small random networks, and no weights fetched."""
    session = Session(pack, catalogue=catalogue)
    session.perceptual = Pyramid()
    return session


def make_shop(catalogue: Catalogue, root: Path) -> tuple[Path, Path]:
    """A copy of a catalogue in which one item has no picture, and a small pack; their folders."""
    folder = root / "catalogue"
    folder.mkdir()
    for name in ("catalogue.json", "users.parquet", "interactions.parquet", "images-64.npy"):
        (folder / name).write_bytes((catalogue.root / name).read_bytes())
    items = catalogue.items.copy()
    items.loc[items["item_id"] == sorted(items["item_id"])[NO_PICTURE], "has_image"] = False
    items.to_parquet(folder / "items.parquet")
    return write_small_pack(root / "pack", encoder=True), folder


def request(catalogue: Path, pack: Path, out: str | Path, **changes: Any) -> Request:
    """A short run for two audiences."""
    preset = preset_of("preview", n=2, steps=1, render="drawn")
    asked = {"catalogue": catalogue, "audiences": AUDIENCES, "out": str(out), "limit": 8, "workers": 1, "batch": 2}
    asked |= {"options": Options(preset=preset, seed=3), "pack": str(pack)}
    return Request(**(asked | changes))


def tables(out: str | Path) -> tuple[bytes, bytes]:
    """The two tables that must not depend on how a run went."""
    store = Store.open(str(out))
    return store.read(REDESIGNS), store.read(FAILED)


def failures(out: str | Path) -> pd.DataFrame:
    """What failed."""
    with Store.open(str(out)).reading(FAILED) as source:
        return pd.read_parquet(source)


class Deadly(Products):
    """Whoever works on the item of this name is killed, every time."""

    victim = ""

    def make(self, item: Item, made: Made) -> None:
        """Make an item, or die."""
        if item.item_id == self.victim:
            os.kill(os.getpid(), signal.SIGKILL)
        super().make(item, made)


class DeadlyOnce(Products):
    """Whoever works on an item for the first time is killed, if the folder of marks says so."""

    marks = Path()

    def make(self, item: Item, made: Made) -> None:
        """Make an item, or die."""
        mark = self.marks / str(item.place)
        if mark.exists():
            mark.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        super().make(item, made)
