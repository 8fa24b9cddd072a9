"""The Python API in two functions: from a photo to redesigns, or to the product in other colours."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from gigs.audience import EVERYONE, Audience
from gigs.packs.names import DEFAULT
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
    """Redesign one product for an audience. The result holds the redesigns, best first.

    ```python
    result = gigs.suggest("shirt.jpg", audience="women")
    result[0].image, result[0].verdict, result[0].words
    result.save("out")
    ```

    The models of the last pack and device stay in memory. Use a `gigs.Session` for several packs or for your own
    models.

    Args:
        photo: Path, PIL image, or array `[H,W]`, `[H,W,3]` or `[H,W,4]` (uint8, or float in `[0,1]`); None draws a
            design at random instead.
        audience: One of `gigs.load_pack(pack).audiences`, a `.audience` file, or an `Audience`.
        pack: A bundled pack's name, a folder, or a Hugging Face Hub id.
        device: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto`.
        options: See `gigs.method.options.OptionNames`: `preset`, `n`, `seed`, `objective` and others.

    Raises:
        InputError: The photo, the audience or an option cannot be used.
        RefusedError: The generator cannot redraw the photo; `force=True` continues anyway.
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
    """Show one product in colours that an audience likes better than today's, and in colours that you name, best first.

    ```python
    found = gigs.colours("shirt.jpg", audience="women", colours="navy, #7a1f2b")
    found[0].image, found[0].hex, found[0].share
    found.save("out")
    ```

    Args:
        photo: Path, PIL image, or array, as for `suggest`.
        audience: As for `suggest`.
        n: Largest number of new colours. There may be fewer, as only better liked ones are shown.
        colours: Names or hex values, separated by commas. They are shown in any case.
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
