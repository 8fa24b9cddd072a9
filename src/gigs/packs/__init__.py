"""Packs: everything that `gigs suggest` needs, in one folder with its card."""

from gigs.packs.build.pack import ModelFiles, PackDescription, build_pack, update_pack
from gigs.packs.load import Pack, load_pack

__all__ = ["ModelFiles", "Pack", "PackDescription", "build_pack", "load_pack", "update_pack"]
