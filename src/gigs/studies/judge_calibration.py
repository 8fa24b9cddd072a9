"""How far a pack's judges disagree, kept in the pack: intervals of every redesign are as wide as that."""

from __future__ import annotations

from pathlib import Path

from gigs.io import storage
from gigs.packs import load_pack


def write_disagreement(root: Path, value: float, *, photos: int, skip: int) -> None:
    """Write the judges' disagreement into `pack.json`; whoever calls this owns the folder (`folders.owned`).

    Args:
        root: Folder of a pack with scorers.
        value: Standard deviation of a judge's gain around the others' expectation, in z.
        photos: How many held-out photos it was measured on.
        skip: How many of the same draw were passed over.

    Raises:
        InputError: The pack has no scorers.
    """
    pack = load_pack(root)
    pack.scorers  # noqa: B018 - raises where there are none
    about = pack.info["verify"] | {"disagreement": value, "calibrated_on": {"photos": photos, "skip": skip}}
    storage.write_json(pack.root / "pack.json", pack.info | {"verify": about})
