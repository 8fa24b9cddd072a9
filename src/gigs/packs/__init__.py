"""Packs: folders with everything that `gigs suggest` needs, and a card."""

from typing import TYPE_CHECKING

from gigs.lazy import exports

if TYPE_CHECKING:
    from gigs.packs.build.pack import ModelFiles, PackDescription, build_pack, update_pack
    from gigs.packs.load import Pack, load_pack

__all__ = ["ModelFiles", "Pack", "PackDescription", "build_pack", "load_pack", "update_pack"]

__getattr__ = exports(
    __name__,
    {
        "ModelFiles": "gigs.packs.build.pack",
        "Pack": "gigs.packs.load",
        "PackDescription": "gigs.packs.build.pack",
        "build_pack": "gigs.packs.build.pack",
        "load_pack": "gigs.packs.load",
        "update_pack": "gigs.packs.build.pack",
    },
)
