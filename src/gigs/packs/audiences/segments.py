"""Segments of a pack's buyers: found once, and added to the pack's audiences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gigs.audience.base import MINIMUM_USERS
from gigs.audience.describe import describe
from gigs.audience.differences import require_no_small_difference
from gigs.audience.members import members_of
from gigs.audience.segments import Segments, SegmentSettings, find_segments
from gigs.audience.taste import Taste
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.packs.audiences.buyers import ALL_MEMBERS, Buyers, learned_from
from gigs.packs.audiences.file import target_quantiles
from gigs.packs.audiences.tastes import TASTES, load_tastes, save_tastes
from gigs.packs.build.pack import QUANTILES
from gigs.packs.load import Pack, load_pack
from gigs.packs.panel import gallery_of
from gigs.progress import OnStep, silent
from gigs.verify.gallery import FILE as GALLERY
from gigs.verify.gallery import save_scores

FILE = "segments.safetensors"
SEGMENT = "segment:"


def members_of_segment(spec: str, buyers: Buyers) -> list[str]:
    """Ids of the buyers in `segment:NUMBER` of the pack, counted from 1.

    Raises:
        InputError: The pack has no segments, or not as many.
    """
    segments = load_segments(buyers.pack)
    number = spec.removeprefix(SEGMENT).strip()
    if not number.isdigit() or not 1 <= int(number) <= len(segments.centres):
        raise InputError(f"{spec}: the pack {buyers.pack.name} has segments 1 to {len(segments.centres)}")
    ids = buyers.feedback.user_ids
    place = segments.assign(buyers.factors(_target(buyers.pack), ids))
    return [user for user, own in zip(ids, place.tolist(), strict=True) if own == int(number) - 1]


def members_by_rule(rule: str, buyers: Buyers) -> list[str]:
    """Ids of an audience's members, a segment of the pack or whatever `audience.members` understands.

    Raises:
        InputError: As `members_of_segment`, or as `members_of`.
    """
    return members_of_segment(rule, buyers) if is_segment({"condition": rule}) else members_of(rule, buyers.catalogue)


def load_segments(pack: Pack) -> Segments:
    """What tells the pack's segments apart.

    Raises:
        InputError: It has none.
        ModelError: The file is malformed.
    """
    if FILE not in pack.info["files"]:
        raise InputError(f"pack {pack.name}: has no segments; find some with `gigs pack segments`")
    tensors, header = storage.load_tensors(pack.path(FILE))
    try:
        tried = {int(count): value for count, value in header["silhouette"].items()}
        return Segments(tensors["mean"], tensors["axes"], tensors["centres"], tried)
    except (KeyError, ValueError, AttributeError) as error:
        raise ModelError(f"{pack.root / FILE}: not a pack's segments ({error}); find them again") from error


def add_segments(
    root: str | Path,
    catalogue: Catalogue,
    *,
    settings: SegmentSettings | None = None,
    on_step: OnStep = silent,
) -> Pack:
    """Find segments in the taste vectors that the target has of all buyers, and make audiences of them.

    They are called `segment-1` and so on, largest first; segments of an earlier call go. Models, gate and all other
    audiences stay as they are.

    Args:
        root: Folder of a pack with scorers.
        catalogue: With the buyers.
        settings: Of the search.
        on_step: Progress.

    Raises:
        InputError: The pack has no scorers, there are too few buyers, or what segments and other audiences leave of
            one another are.
    """
    pack = load_pack(root)
    settings = settings or SegmentSettings()
    buyers = Buyers(pack, catalogue, on_step)
    ids, target = buyers.feedback.user_ids, _target(pack)
    vectors = buyers.factors(target, ids)
    segments = find_segments(vectors, settings)
    place = segments.assign(vectors).tolist()
    tastes, audiences = _without_segments(pack)
    groups = {name: members_of(about["condition"], catalogue) for name, about in audiences.items()}
    for number in range(len(segments.centres)):
        name, members = f"segment-{number + 1}", [u for u, own in zip(ids, place, strict=True) if own == number]
        found, how = tastes_by_halves(buyers, members, settings.minimum)
        tastes |= {(scorer, name): taste for scorer, taste in found.items()}
        groups[name] = members
        said = describe(members, catalogue)
        audiences[name] = {
            "label": f"segment {number + 1}: {said.words()}",
            "condition": f"{SEGMENT}{number + 1}",
            "users": found[target].users,
            "quantiles": target_quantiles(found[target], buyers.items[target], QUANTILES),
            "members": how,
            "buyers": len(members),
            "description": said.record(),
        }
    _check_differences(buyers, groups, audiences, settings.minimum)
    return _write(pack, segments, tastes, audiences, buyers)


def _check_differences(
    buyers: Buyers, groups: Mapping[str, list[str]], audiences: Mapping[str, Mapping[str, Any]], minimum: int
) -> None:
    """Refuse segments that would give away few buyers beside the pack's other audiences, under any scorer."""
    ids = np.array(buyers.feedback.user_ids, dtype=object)
    for scorer, about in buyers.pack.scorers.items():
        own = learned_from(about, ids)
        masks = {
            name: np.isin(ids, members) & (own | (audiences[name].get("members") == ALL_MEMBERS))
            for name, members in groups.items()
        }
        require_no_small_difference(masks, minimum, where=f"under {scorer}")


def tastes_by_halves(buyers: Buyers, members: list[str], minimum: int = MINIMUM_USERS) -> tuple[dict[str, Taste], str]:
    """Tastes of members under every scorer: of those in its own half of the buyers, or of all where a half is small.

    Returns:
        The tastes, and `own halves` or `all`.
    """
    halves = buyers.own_halves(members, minimum)
    if halves is None:
        return buyers.tastes(members), "all"
    return {scorer: buyers.taste(scorer, own) for scorer, own in halves.items()}, "own halves"


def is_segment(about: Mapping[str, Any]) -> bool:
    """Whether an audience of `pack.json` is a segment."""
    return str(about.get("condition", "")).startswith(SEGMENT)


def _target(pack: Pack) -> str:
    return next(iter(pack.scorers))


def _without_segments(pack: Pack) -> tuple[dict[tuple[str, str], Taste], dict[str, dict[str, Any]]]:
    """The pack's other audiences: their tastes, and their entries in `pack.json`."""
    audiences = {name: about for name, about in pack.audiences.items() if not is_segment(about)}
    tastes = {key: taste for key, taste in load_tastes(pack.path(TASTES)).items() if key[1] in audiences}
    return tastes, audiences


def _write(
    pack: Pack,
    segments: Segments,
    tastes: dict[tuple[str, str], Taste],
    audiences: dict[str, dict[str, Any]],
    buyers: Buyers,
) -> Pack:
    """Tastes, segments and the gallery's scores; `pack.json` last."""
    gallery = gallery_of(pack)
    new = {
        (scorer, name): (phi.double() @ tastes[scorer, name].theta.double() - tastes[scorer, name].mean)
        / tastes[scorer, name].spread
        for scorer, phi in buyers.items.items()
        for name, about in audiences.items()
        if is_segment(about)
    }
    kept = {key: scores for key, scores in gallery.scores.items() if key[1] in audiences and key not in new}
    tensors = {"mean": segments.mean, "axes": segments.axes, "centres": segments.centres}
    header = {"kind": "segments", "silhouette": segments.silhouette}
    written = [
        storage.save_tensors(pack.root / FILE, tensors, header),
        *save_tastes(pack.root, tastes, _target(pack)),
        save_scores(pack.root / GALLERY, kept | {key: scores.float() for key, scores in new.items()}),
    ]
    hashes = {path.relative_to(pack.root).as_posix(): storage.sha256_of(path) for path in written}
    info = pack.info | {"files": pack.info["files"] | hashes, "audiences": audiences}
    storage.write_json(pack.root / "pack.json", info)
    return load_pack(pack.root)
