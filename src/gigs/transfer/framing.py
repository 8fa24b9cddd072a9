"""Whether a photo shows one whole product: not a close-up, not cut off by an edge, and not several.

A generator draws one whole garment whatever it is shown, so the hem of a trouser leg becomes a skirt. The cut-out
reveals
this: the photo's edges along which it runs, the share of the photo that it fills, and its pieces. If next to nothing
could be cut out, the photo itself reveals it: a close-up has the same colour in the middle as all around.
`docs/lab/transfer.md` says how often each sentence appears for ordinary photos, and how often it is missed.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from gigs.transfer.matte import backdrop_distance

SIDE = 192  # longest side in pixels for this check
RIM = 0.01  # of the longest side: what lies within is at the edge
NEAR = 0.03  # the same for the edges to which a picture may be trimmed, some pixels off
REACH = 0.12  # of the product's own width or height that lies along an edge, from which on it is cut off there
FILLED = 0.75  # share of the photo above which a cut-off product is a close-up
TRIMMED = 0.6  # share that a picture trimmed to its product may fill and yet cover corners, as trousers do
CORNER = 0.05  # of a side: a product's outline leaves the corners free to which a picture is trimmed
PIECE = 0.15  # of the cut-out, from which on a piece is a product
SURE = 0.5  # confidence of the cut-out below which its pieces mean nothing
ALIKE = 0.6  # overlap of two pieces' outlines, laid on one another, from which on they are a pair
SAME = 14.0  # CIE76 between the mean colours of a pair
EVERYWHERE = 25.0  # CIE76 from the photo's middle to its rim, below which both show the same
TEXTURED = 1.4  # spread of the rim's colours (`matte.backdrop_distance`); an empty backdrop is more even
EDGES = ("upper", "lower", "left", "right")

CLOSE = (
    "The photo seems to show a part of the product from near: {how}. A redesign is of a whole product that is made up "
    "around it, so do not trust it. Take a photo of all of it, with some backdrop around."
)
CUT = (
    "The product seems to be cut off at the {edges} of the photo, and what is beyond is made up, so the redesigns may "
    "be of another kind of product. Take a photo of all of it, with some backdrop around."
)
SEVERAL = (
    "The photo seems to show {count} products, and they are redesigned as if they were one. Crop the photo to one of "
    "them, or give a mask of it."
)


def framing(alpha: np.ndarray, pixels: np.ndarray, person: np.ndarray | None, confidence: float = 1.0) -> str | None:
    """A sentence if a photo does not show one whole product, else None.

    Args:
        alpha: The cut-out, float `[h,w]` in `[0,1]`.
        pixels: The photo at that size, uint8 `[h,w,3]`.
        person: Skin and hair of somebody who wears it, float `[h,w]` in `[0,1]`, or None.
        confidence: Confidence of the cut-out, in `[0,1]`.
    """
    inside = _small(alpha) > 0.5
    if confidence < SURE and _is_everywhere(pixels):
        return CLOSE.format(how="hardly any backdrop is to be seen around it")
    if not inside.any():
        return None
    own = inside if person is None else inside & (_small(person) <= 0.5)
    edges = _edges(own, worn=person is not None) if confidence >= SURE else []
    if edges:
        near = len(edges) > 2 or inside.mean() > FILLED
        return CLOSE.format(how=f"it runs over its {_listed(edges)}") if near else CUT.format(edges=_listed(edges))
    count = _products(inside, pixels) if confidence >= SURE and person is None else 1
    return SEVERAL.format(count=count) if count > 1 else None


def _edges(own: np.ndarray, *, worn: bool) -> list[str]:
    """Names of the photo's edges that cut the product off.

    There are none if it reaches three or four edges and leaves corners and much of the photo free: the picture is then
    trimmed to the product. If somebody wears it, other clothes may continue beyond the lower edge.
    """
    if not own.any():
        return []
    rim = max(1, round(RIM * max(own.shape)))
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    along = (own[:rim].any(0), own[-rim:].any(0), own[:, :rim].any(1), own[:, -rim:].any(1))
    shares = [line.sum() / extent for line, extent in zip(along, (width, width, height, height), strict=True)]
    if _reached(own) > 2 and (own.mean() < TRIMMED or _corners(own) < 2):
        return []
    cut = [name for name, share in zip(EDGES, shares, strict=True) if share >= REACH]
    return [name for name in cut if not (worn and name == "lower")]


def _reached(own: np.ndarray) -> int:
    """How many of the photo's edges the product comes near."""
    near = max(2, round(NEAR * max(own.shape)))
    return sum(bool(part.any()) for part in (own[:near], own[-near:], own[:, :near], own[:, -near:]))


def _corners(own: np.ndarray) -> int:
    """How many of the photo's corners the product covers."""
    height, width = (max(1, round(CORNER * side)) for side in own.shape)
    patches = (own[:height, :width], own[:height, -width:], own[-height:, :width], own[-height:, -width:])
    return sum(bool(patch.mean() > 0.5) for patch in patches)


def _is_everywhere(pixels: np.ndarray) -> bool:
    """Whether the rim of a photo, corners included, shows the same as its middle and is not an even backdrop."""
    small = np.asarray(Image.fromarray(pixels).resize((64, 64), Image.Resampling.BOX))
    rim = np.ones((64, 64), dtype=bool)
    rim[4:-4, 4:-4] = False
    lab = rgb2lab(small)
    middle = np.median(lab[20:44, 20:44].reshape(-1, 3), axis=0)
    corners = [
        lab[rows, columns].reshape(-1, 3)
        for rows in (slice(6), slice(-6, None))
        for columns in (slice(6), slice(-6, None))
    ]
    same = [np.linalg.norm(np.median(part, axis=0) - middle) < EVERYWHERE for part in (lab[rim], *corners)]
    return bool(same[0] and sum(same[1:]) >= 3 and backdrop_distance(small)[1] > TEXTURED)


def _products(inside: np.ndarray, pixels: np.ndarray) -> int:
    """How many products the pieces of a cut-out are; pieces of one outline and colour, such as shoes, count as one."""
    labels, count = ndimage.label(inside)
    sizes = ndimage.sum_labels(inside, labels, range(1, count + 1))
    large = [number + 1 for number in range(count) if sizes[number] >= PIECE * inside.sum()]
    if len(large) < 2:
        return 1
    lab = rgb2lab(np.asarray(Image.fromarray(pixels).resize(inside.shape[::-1], Image.Resampling.BOX)))
    first = large[0]
    if all(_are_alike(labels == first, labels == other, lab) for other in large[1:]):
        return 1
    return len(large)


def _are_alike(one: np.ndarray, other: np.ndarray, lab: np.ndarray) -> bool:
    """Whether two pieces are a pair: of one colour, and of one outline, possibly mirrored."""
    if np.linalg.norm(lab[one].mean(0) - lab[other].mean(0)) > SAME:
        return False
    first, second = _outline(one), _outline(other)
    return max(_overlap(first, second), _overlap(first, second[:, ::-1])) >= ALIKE


def _outline(piece: np.ndarray) -> np.ndarray:
    """A piece in a square of its own, bool `[32,32]`."""
    rows, columns = np.flatnonzero(piece.any(1)), np.flatnonzero(piece.any(0))
    box = piece[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(Image.fromarray(box.astype(np.uint8) * 255).resize((32, 32), Image.Resampling.BOX)) > 127


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def _small(alpha: np.ndarray) -> np.ndarray:
    """At most `SIDE` pixels a side."""
    scale = min(1.0, SIDE / max(alpha.shape))
    size = (max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale)))
    return np.asarray(Image.fromarray(alpha.astype(np.float32)).resize(size, Image.Resampling.BOX))


def _listed(edges: list[str]) -> str:
    """`left edge`, or `left and right edges`."""
    if len(edges) == 1:
        return f"{edges[0]} edge"
    return f"{', '.join(edges[:-1])} and {edges[-1]} edges"
