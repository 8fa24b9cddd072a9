"""The front door of the Python API: one call from a photo to redesigns, or to the product in other colours."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from gigs.audience import EVERYONE, Audience
from gigs.packs.load import DEFAULT
from gigs.result import Result
from gigs.result.colourways import Colourways
from gigs.session import Photo, Session

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from gigs.method.colours import ColourOptionNames
    from gigs.method.options import OptionNames


def suggest(
    photo: Photo | None,
    audience: str | Audience = EVERYONE,
    *,
    pack: str | Path = DEFAULT,
    device: str = "cpu",
    **options: Unpack[OptionNames],
) -> Result:
    """Redesigns of one product that an audience would prefer, best first.

    ```python
    result = gigs.suggest("shirt.jpg", audience="women")
    result[0].image, result[0].verdict, result[0].words
    result.save("out")
    ```

    The models of the last pack and device stay in memory. `gigs.Session` holds more, and models of one's own.

    Args:
        photo: Path, PIL image, or array `[H,W]`, `[H,W,3]` or `[H,W,4]` (uint8, or float in `[0,1]`); None samples a
            design instead.
        audience: One of `gigs.load_pack(pack).audiences`, a `.audience` file, or an `Audience`.
        pack: A bundled pack's name, a folder, or a Hugging Face Hub id.
        device: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto`.
        options: See `gigs.method.options.OptionNames`: `preset`, `n`, `seed`, `objective` and others.

    Raises:
        InputError: The photo, the audience or an option cannot be used.
        RefusedError: The photo could not be redrawn as a product; `force=True` goes on.
    """
    return _session(str(pack), device).suggest(photo, audience, **options)


def colours(
    photo: Photo,
    audience: str | Audience = EVERYONE,
    *,
    n: int = 8,
    colours: str | None = None,
    pack: str | Path = DEFAULT,
    device: str = "cpu",
    **options: Unpack[ColourOptionNames],
) -> Colourways:
    """The product in colours that an audience likes better than today's, and in those the seller names, best first.

    ```python
    found = gigs.colours("shirt.jpg", audience="women", colours="navy, #7a1f2b")
    found[0].image, found[0].hex, found[0].share
    found.save("out")
    ```

    Args:
        photo: Path, PIL image, or array, as for `suggest`.
        audience: As for `suggest`.
        n: New colours, at most; fewer where fewer are liked better.
        colours: Names and hex values with commas in between; shown in any case.
        pack: A bundled pack's name, a folder, or a Hugging Face Hub id.
        device: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto`.
        options: See `gigs.method.colours.ColourOptionNames`.

    Raises:
        InputError: The photo, the audience, a colour or an option cannot be used; the product could not be cut out; or
            nothing is liked better and no colour was named.
    """
    return _session(str(pack), device).colours(photo, audience, n=n, colours=colours, **options)


@lru_cache(maxsize=1)
def _session(pack: str, device: str) -> Session:
    return Session(pack, device=device)
