"""A redesign on the seller's own photo: cut the product out, fit the change, apply it at the photo's resolution."""

from gigs.transfer.apply import apply_change, apply_changes
from gigs.transfer.canvas import Canvas, canvas_of
from gigs.transfer.colour_words import NamedColour, colours_in
from gigs.transfer.colourways import colourways, mean_colour
from gigs.transfer.cutout import CutOut, cut_out
from gigs.transfer.descent import FitSettings
from gigs.transfer.fit import Change, fit_change
from gigs.transfer.keep import Keep
from gigs.transfer.mask import from_mask, read_mask, transparency_of

__all__ = [
    "Canvas",
    "Change",
    "CutOut",
    "FitSettings",
    "Keep",
    "NamedColour",
    "apply_change",
    "apply_changes",
    "canvas_of",
    "colours_in",
    "colourways",
    "cut_out",
    "fit_change",
    "from_mask",
    "mean_colour",
    "read_mask",
    "transparency_of",
]
