"""Whom a request is for: from what was written after `--audience` to a taste, its words and its panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gigs.audience import Audience, require_minimum, select_audience
from gigs.data.catalogue import Catalogue
from gigs.packs import Pack
from gigs.packs.audiences.create import AudienceRequest, create_audience
from gigs.packs.audiences.file import SUFFIX, AudienceFile, load_audience
from gigs.packs.panel import load_panel, target_taste
from gigs.progress import OnStep, silent
from gigs.recommender import load_recommender
from gigs.verify.panel import Panel


@dataclass(frozen=True)
class Whom:
    """An audience; what to call it; how many real items score lower; and who checks redesigns for it."""

    audience: Audience
    label: str
    percentile: Callable[[float], float | None]
    panel: Callable[[], Panel | None]


def whom(
    spec: str,
    pack: Pack,
    *,
    recommender: Path | None = None,
    catalogue: Path | None = None,
    minimum: int,
    on_step: OnStep = silent,
) -> Whom:
    """Resolve an audience and refuse one that is too small.

    Args:
        spec: With a recommender, see `select_audience`. Without one: an audience of the pack, a `.audience` file, or,
            with a catalogue, whatever `gigs audience create --from` takes.
        pack: Where the models and audiences come from.
        recommender: File with users, in place of the pack's.
        catalogue: Of the users.
        minimum: Least number of members.
        on_step: Progress.

    Raises:
        InputError: Nothing of that name, or an audience that is too small.
        ModelError: A file is damaged.
    """
    if recommender is not None:
        users = Catalogue.open(catalogue) if catalogue else None
        found = _plain(select_audience(spec, load_recommender(recommender), users))
    elif spec.endswith(SUFFIX) or (catalogue is not None and spec not in pack.audiences):
        found = _of_file(_stored(spec, pack, catalogue, minimum, on_step), pack)
    else:
        found = _of_pack(spec, pack)
    require_minimum(found.audience, minimum)
    return found


def _stored(spec: str, pack: Pack, catalogue: Path | None, minimum: int, on_step: OnStep) -> AudienceFile:
    """An audience from its file, or made on the spot."""
    if spec.endswith(SUFFIX):
        return load_audience(Path(spec))
    assert catalogue is not None
    request = AudienceRequest(name="asked-for", spec=spec, minimum=minimum)
    return create_audience(pack, Catalogue.open(catalogue), request, on_step=on_step)


def _plain(audience: Audience) -> Whom:
    return Whom(audience, audience.name, lambda score: None, lambda: None)


def _of_file(stored: AudienceFile, pack: Pack) -> Whom:
    return Whom(stored.audience(pack), stored.label, stored.percentile, lambda: stored.panel(pack))


def _of_pack(name: str, pack: Pack) -> Whom:
    audience = pack.audience(name)
    taste = target_taste(pack, name)
    if taste is not None:
        audience = replace(audience, covariance=taste.covariance)
    label = pack.audiences[name]["label"]
    return Whom(audience, label, lambda score: pack.percentile(name, score), lambda: load_panel(pack, name))
