"""A result as rows of the table: one a redesign, with every number of its `result.json` but the seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from gigs.explain.description import Description
from gigs.explain.words import NEW_COLOUR, SMALL
from gigs.farm.plan import Item
from gigs.result import Result, Suggestion
from gigs.result.result import plain

# The settings and versions are the run's, and in `farm.json`; seconds are never the same twice, and in their own table.
NOT_IN_ROWS = ("suggestions", "seconds", "settings", "versions")
CHANGES = ("colour", "print", "length", "width", "outline", "type")
_NUMBERS = (
    "score", "percentile", "gain_vs_photo", "gain_vs_reconstruction", "residual", "lpips_to_reconstruction",
    "max_abs_shift", "share", "share_low", "share_high", "gain", "gain_low", "gain_high", "users_gaining",
    "specificity", "photo_score", "photo_percentile", "reconstruction_score", "reconstruction_lpips",
    "reconstruction_mse",
)  # fmt: skip
ROWS = pa.schema(
    [
        ("item_id", pa.string()), ("audience", pa.string()), ("rank", pa.int32()), ("shown", pa.int32()),
        ("name", pa.string()), ("category", pa.string()), ("seed", pa.int64()), ("verdict", pa.string()),
        ("words", pa.string()), ("rendered", pa.string()), ("gate", pa.string()), ("picture_sha256", pa.string()),
        *((name, pa.float64()) for name in _NUMBERS),
        *((f"changes_{name}", pa.bool_()) for name in CHANGES),
        ("colour_before", pa.string()), ("colour_after", pa.string()),
        ("redesign_json", pa.string()), ("product_json", pa.string()),
    ]
)  # fmt: skip
PICTURES = pa.schema(
    [("item_id", pa.string()), ("audience", pa.string()), ("rank", pa.int32()), ("picture", pa.binary())]
)
FAILURES = pa.schema([(name, pa.string()) for name in ("item_id", "audience", "stage", "reason")])
TIMINGS = pa.schema([("item_id", pa.string()), ("audience", pa.string()), ("stage", pa.string()), ("s", pa.float64())])


def rows_of(item: Item, result: Result, pictures: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """A result's rows, best redesign first; `pictures` are its redesigns as they are shown, PNG."""
    record = result.to_json()
    product = {name: value for name, value in record.items() if name not in NOT_IN_ROWS}
    about = json.dumps(product, sort_keys=True, ensure_ascii=False)
    photo = result.photo
    shared = {
        "item_id": item.item_id, "audience": result.audience.name, "shown": len(result), "name": item.name,
        "category": item.category, "seed": result.seed, "gate": None if result.gate is None else result.gate.grade,
        "photo_score": None if photo is None else photo.score,
        "photo_percentile": None if photo is None else photo.percentile,
        "reconstruction_score": result.reconstruction.score, "reconstruction_lpips": result.reconstruction.lpips,
        "reconstruction_mse": result.reconstruction.mse, "product_json": about,
    }  # fmt: skip
    for number, (one, picture) in enumerate(zip(result, pictures, strict=True), start=1):
        yield shared | {"rank": number, "picture_sha256": hashlib.sha256(picture).hexdigest()} | _redesign(one)


def changes_of(said: Description) -> dict[str, bool]:
    """Which kinds of change are named, in `CHANGES`."""
    words = () if said.outline is None else said.outline.words
    attributes = {name: one.changed is True for name, one in said.attributes.items()}
    tone = said.lightness.real or said.vividness.real
    return {
        "colour": tone or bool(_turns(said)) or "another shade" in said.words.casefold(),
        "print": attributes.get("appearance", False),
        "length": "longer" in words or "shorter" in words,
        "width": "wider" in words or "narrower" in words,
        "outline": "of another outline" in words,
        "type": attributes.get("type", False),
    }


def table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table, also where there are none."""
    return pa.Table.from_pylist(list(rows), schema=schema)


def _turns(said: Description) -> list[tuple[str, str]]:
    return [
        (turn.before, turn.after)
        for turn in said.palette.turns
        if turn.delta_e >= NEW_COLOUR and turn.share >= SMALL and turn.before != turn.after
    ]


def _redesign(one: Suggestion) -> dict[str, Any]:
    numbers = (
        "score", "percentile", "gain_vs_photo", "gain_vs_reconstruction", "residual", "lpips_to_reconstruction",
        "max_abs_shift",
    )  # fmt: skip
    turns = _turns(one.changes)
    before, after = turns[0] if turns else (None, None)
    found: dict[str, Any] = {name: getattr(one, name) for name in numbers}
    found |= {"verdict": one.verdict, "words": one.words, "rendered": one.rendered}
    found |= {"colour_before": before, "colour_after": after}
    found |= {f"changes_{name}": value for name, value in changes_of(one.changes).items()}
    if one.share is not None:
        found |= {"share": one.share.of_100, "share_low": one.share.low, "share_high": one.share.high}
    if one.check is not None:
        belief = one.check.verdict
        found |= {"gain": belief.gain, "gain_low": belief.low, "gain_high": belief.high}
        found |= {"users_gaining": one.check.users_gaining, "specificity": one.check.specificity}
    found["redesign_json"] = json.dumps(plain(one), sort_keys=True, ensure_ascii=False)
    return found
