"""Finds or makes an audience from the user's definition of it."""

from __future__ import annotations

from pathlib import Path

from gigs.audience import Audience, require_minimum
from gigs.packs import Pack
from gigs.packs.audiences.file import SUFFIX, load_audience, require_pack
from gigs.progress import OnStep, silent
from gigs.recommender import Recommender


def resolve_audience(
    spec: str,
    pack: Pack,
    *,
    recommender: Recommender | None = None,
    catalogue: Path | None = None,
    minimum: int,
    on_step: OnStep = silent,
) -> Audience:
    """Resolve an audience and refuse one that is too small.

    Args:
        spec: With a recommender, see `select_audience`. Without one: an audience of the pack, a `.audience` file, or,
            with a catalogue, any definition that `gigs audience create` takes.
        pack: Where the models and audiences come from.
        recommender: With users, in place of the pack's.
        catalogue: Of the users.
        minimum: Least number of members.
        on_step: Progress.

    Raises:
        InputError: There is no such audience, or it is too small.
        ModelError: A file is damaged.
    """
    # Imported late, with pandas: the pack's own audiences need none of it.
    if recommender is not None:
        from gigs.audience.select import select_audience
        from gigs.data.catalogue import Catalogue

        users = Catalogue.open(catalogue) if catalogue else None
        found = select_audience(spec, recommender, users)
    elif spec.endswith(SUFFIX):
        found = load_audience(Path(spec))
        require_pack(found, pack)
    elif catalogue is not None and spec not in pack.audiences:
        from gigs.data.catalogue import Catalogue
        from gigs.packs.audiences.create import AudienceRequest, create_audience

        request = AudienceRequest(name="asked-for", spec=spec, minimum=minimum)
        found = create_audience(pack, Catalogue.open(catalogue), request, on_step=on_step)
    else:
        found = pack.audience(spec)
    require_minimum(found, minimum)
    return found
