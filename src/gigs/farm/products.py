"""Makes one item for all audiences: it is read, cut out and inverted once, then redesigned for each audience."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from PIL import Image

from gigs.errors import GigsError
from gigs.farm.parts import Made
from gigs.farm.plan import Item, seed_of
from gigs.farm.rows import rows_of
from gigs.farm.weights import Kit
from gigs.inversion.gate import RefusedError
from gigs.method.options import Options
from gigs.method.pipeline import Begun
from gigs.method.product import Product
from gigs.result.schema import DRAWN

WORKER, PHOTO, PRODUCT, INVERSION, GATE, REDESIGN = "worker", "photo", "cut-out", "inversion", "gate", "redesign"


class StageError(Exception):
    """The stage at which an item failed, and the reason."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(reason)
        self.stage, self.reason = stage, reason


@dataclass(frozen=True)
class Photos:
    """The catalogue's packed pictures: of a file that every machine can read."""

    path: Path

    def of(self, item: Item) -> Image.Image:
        """An item's photo.

        Raises:
            StageError: There is none, or it cannot be read.
        """
        if not item.has_image:
            raise StageError(PHOTO, "the catalogue holds no picture of this item")
        with _stage(PHOTO):
            return Image.fromarray(np.array(open_memmap(self.path, mode="r")[item.row]))


class Products:
    """Makes items, one after another.

    Items do not share batches: what a network answers depends, in the last digits, on what else is in its batch, and
    the same item must give the same bytes whichever worker has it, after whichever other. Batches are within an item:
    its candidates, its redesigns, the pictures that are judged.
    """

    def __init__(self, kit: Kit, photos: Photos) -> None:
        self.kit, self.photos = kit, photos

    def make(self, item: Item, made: Made) -> None:
        """Make an item for every audience. Failures are recorded, and do not affect other audiences."""
        kit = self.kit
        options = replace(kit.options, seed=seed_of(kit.options.seed, item.item_id))
        try:
            product, begun = self._begun(item, options, made)
        except StageError as error:
            self.fail(item, error, made)
            return
        for name in kit.audiences:
            try:
                with _stage(REDESIGN):
                    self._redesign(item, name, product, begun, options, made)
            except StageError as error:
                made.failures.append(_failure(item, name, error))

    def fail(self, item: Item, error: StageError, made: Made) -> None:
        """Record an item as failed for every audience."""
        made.failures += [_failure(item, name, error) for name in self.kit.audiences]

    def _begun(self, item: Item, options: Options, made: Made) -> tuple[Product, Begun]:
        photo = self.photos.of(item)
        with _stage(PRODUCT):
            product = replace(self.kit.session.product(photo, options), source=item.item_id)
        with _stage(INVERSION):
            begun = self.kit.session.begin(product, options)
        made.pictures.append({"item_id": item.item_id, "audience": "", "rank": 0, "picture": _png(photo)})
        made.timings += _timings(item, "", begun.seconds)
        return product, begun

    def _redesign(self, item: Item, name: str, product: Product, begun: Begun, options: Options, made: Made) -> None:
        kit = self.kit
        result = kit.session.redesign(product, kit.audiences[name], options, kit.panels[name], begun)
        # What the generator drew is kept as large as it drew it; `file` would be the same picture, enlarged.
        pictures = [result.pictures.png(one.raw if one.rendered == DRAWN else one.file) for one in result]
        made.rows += rows_of(item, result, pictures)
        made.pictures += [
            {"item_id": item.item_id, "audience": name, "rank": number, "picture": picture}
            for number, picture in enumerate(pictures, start=1)
        ]
        own = {stage: s for stage, s in result.seconds.items() if stage not in begun.seconds and stage != "total"}
        made.timings += _timings(item, name, own)


@contextmanager
def _stage(stage: str) -> Iterator[None]:
    """Whatever goes wrong here is an item's failure at this stage."""
    try:
        yield
    except StageError:
        raise
    except RefusedError as error:
        raise StageError(GATE, str(error)) from error
    except GigsError as error:
        raise StageError(stage, str(error)) from error
    except Exception as error:  # even a fault of gigs costs this item alone
        raise StageError(stage, f"{type(error).__name__}: {error}") from error


def _failure(item: Item, audience: str, error: StageError) -> dict[str, str]:
    reason = " ".join(error.reason.split())
    return {"item_id": item.item_id, "audience": audience, "stage": error.stage, "reason": reason}


def _timings(item: Item, audience: str, seconds: dict[str, float]) -> list[dict[str, object]]:
    about = {"item_id": item.item_id, "audience": audience}
    return [about | {"stage": stage, "s": round(s, 4)} for stage, s in seconds.items()]


def _png(photo: Image.Image) -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, format="PNG")
    return buffer.getvalue()
