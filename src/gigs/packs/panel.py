"""The panel that checks a pack's redesigns, for one of its audiences or any other taste."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from gigs.errors import InputError, ModelError
from gigs.packs.audiences.tastes import TASTES, load_tastes
from gigs.packs.load import Pack
from gigs.recommender import load_recommender
from gigs.recommender.base import Recommender
from gigs.recommender.models.vbpr import VBPR
from gigs.verify.category import FILE as CATEGORY
from gigs.verify.category import load_category
from gigs.verify.gallery import FILE as GALLERY
from gigs.verify.gallery import Gallery, load_gallery
from gigs.verify.panel import Panel, taste_outside
from gigs.verify.probes import FILE as PROBES
from gigs.verify.probes import Probes, load_probes
from gigs.verify.scorer import Scorer, Taste
from gigs.vision.backbone import Backbone

ALL = "everyone"
TARGET = "recommender.safetensors"  # the first target's file, in the place of every pack's recommender
T = TypeVar("T")


def load_panel(pack: Pack, audience: str) -> Panel | None:
    """The panel for one of the pack's audiences; None where it was never given scorers (`gigs pack scorers`).

    Raises:
        InputError: The pack has no such audience.
        ModelError: A part is missing or malformed.
    """
    if pack.info.get("verify") is None:
        return None
    if audience not in pack.audiences:
        raise InputError(f"audience {audience!r} is not in the pack {pack.name}; it has {', '.join(pack.audiences)}")
    known = _part(pack, TASTES, load_tastes)
    tastes = {scorer: taste for (scorer, name), taste in known.items() if name == audience}
    missing = set(require_scorers(pack)) - set(tastes)
    if missing:
        raise ModelError(
            f"{pack.root / TASTES}: no taste of {audience!r} under {missing.pop()}; build its scorers again"
        )
    everybody = {scorer: taste for (scorer, name), taste in known.items() if name == ALL and audience != ALL}
    scorers = _scorers(pack, tastes)
    target = scorers[0]
    outside = taste_outside(everybody[target.name], target.taste) if target.name in everybody else None
    return _panel(pack, audience, scorers, gallery_of(pack), outside)


def panel_for(pack: Pack, tastes: Mapping[str, Taste], name: str, *, members: bool = False) -> Panel:
    """The panel for an audience that the pack does not know.

    Args:
        pack: With scorers.
        tastes: By scorer, all of the pack's; see `packs.audiences.buyers.tastes_of_users` and `tastes_of_likes`.
        name: What to call the audience; not the name of one of the pack's.
        members: Whether the audience is a part of those whom the target's `everyone` is made of: specificity then is
            against the rest of them, and otherwise against all.

    Raises:
        InputError: The pack has no scorers or does not hold what is needed, a taste is missing or does not fit, or the
            name is taken.
        ModelError: A part is missing or malformed.
    """
    if name in pack.audiences:
        raise InputError(f"audience {name!r}: the pack {pack.name} has one of that name; choose another")
    scorers = _scorers(pack, tastes)
    phi = items_phi(pack)
    gallery = gallery_of(pack).scored_by(name, {one.name: one.z_of(phi[one.name]) for one in scorers})
    target = scorers[0]
    everybody = _part(pack, TASTES, load_tastes).get((target.name, ALL))
    outside = None if everybody is None else everybody.theta
    if members and everybody is not None:
        outside = taste_outside(everybody, target.taste)
    return _panel(pack, name, scorers, gallery, outside)


def gallery_of(pack: Pack) -> Gallery:
    """The pack's real items, read once."""
    return _part(pack, GALLERY, load_gallery)


def types_of(pack: Pack) -> tuple[str, ...]:
    """Types of products that the pack tells apart, for `Panel.of_type`; none where it has no scorers."""
    return () if pack.info.get("verify") is None else _part(pack, CATEGORY, load_category).names


def target_taste(pack: Pack, audience: str) -> Taste | None:
    """The target's taste of one of the pack's audiences; None where the pack has no scorers, or none of it."""
    if pack.info.get("verify") is None:
        return None
    return _part(pack, TASTES, load_tastes).get((next(iter(require_scorers(pack))), audience))


def everybodys_tastes(pack: Pack) -> dict[str, Taste]:
    """By scorer, the taste of all its buyers; empty where the pack has no such audience.

    Raises:
        InputError: The pack has no scorers.
    """
    require_scorers(pack)
    return {scorer: taste for (scorer, name), taste in _part(pack, TASTES, load_tastes).items() if name == ALL}


def items_phi(pack: Pack) -> dict[str, Tensor]:
    """phi of the pack's real items, `[N,K]` each, under every scorer, targets first.

    Raises:
        InputError: The pack has no scorers, or is of an earlier gigs.
    """
    scorers, found = require_scorers(pack), {}
    gallery = gallery_of(pack)
    for name, about in scorers.items():
        if about["file"] == TARGET:
            found[name] = gallery.phi
        elif name in gallery.features:
            found[name] = gallery.features[name]
        else:
            raise InputError(
                f"pack {pack.name}: does not say how {name} sees its real items, which an audience of your own needs; "
                "run `gigs pack scorers` again, or `gigs pack features` with the catalogue it was made from"
            )
    return found


def require_scorers(pack: Pack) -> dict[str, dict[str, Any]]:
    """What the pack says of its scorers, by name: `role`, `file`, `auc`, `users`, `trained`.

    Raises:
        InputError: It has none.
        ModelError: Its description is malformed.
    """
    about = pack.info.get("verify")
    if about is None:
        raise InputError(f"pack {pack.name}: has no judges; give it some with `gigs pack scorers`")
    try:
        found = {name: dict(one) for name, one in about["scorers"].items()}
        return dict(sorted(found.items(), key=lambda item: (item[1]["role"] != "target", item[1]["file"] != TARGET)))
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(_malformed(pack, error)) from error


def model_of(pack: Pack, scorer: str) -> Recommender:
    """A scorer's recommender, without users, read once."""
    return _model(pack, require_scorers(pack)[scorer]["file"])


def _scorers(pack: Pack, tastes: Mapping[str, Taste]) -> list[Scorer]:
    """Targets first, then judges, with one audience's tastes."""
    found = []
    for name, one in require_scorers(pack).items():
        if name not in tastes:
            raise InputError(f"no taste under the pack's scorer {name}: an audience needs one under each")
        try:
            scorer = Scorer(name, one["role"], _model(pack, one["file"]), tastes[name], one["auc"])
        except KeyError as error:
            raise ModelError(_malformed(pack, error)) from error
        if scorer.taste.theta.shape != (scorer.recommender.feature_count,):
            raise InputError(
                f"the taste under {name} has {tuple(scorer.taste.theta.shape)} numbers, the pack's scorer works with "
                f"{scorer.recommender.feature_count}: they are not from the same training; make the audience again"
            )
        found.append(scorer)
    return found


def _malformed(pack: Pack, error: Exception) -> str:
    return f"{pack.root / 'pack.json'}: its scorers are malformed (no {error}); build them again"


def _panel(pack: Pack, audience: str, scorers: list[Scorer], gallery: Gallery, outside: Tensor | None) -> Panel:
    category = _part(pack, CATEGORY, load_category)
    return Panel(
        audience,
        tuple(scorer for scorer in scorers if scorer.role == "target"),
        tuple(scorer for scorer in scorers if scorer.role == "judge"),
        gallery,
        category,
        _eyes([scorer.recommender for scorer in scorers], category.backbone_name, category.fingerprint),
        float(pack.info["verify"].get("disagreement", 0.0)),
        outside,
        _probes(pack, category.fingerprint),
    )


def _probes(pack: Pack, fingerprint: str) -> Probes | None:
    """The pack's probes, where it has any; they look through the classifier's eyes."""
    if PROBES not in pack.info["files"]:
        return None
    probes = _part(pack, PROBES, load_probes)
    if probes.fingerprint != fingerprint:
        raise ModelError(f"{pack.root / PROBES}: made for another network; run `gigs pack probes` again")
    return probes


def _model(pack: Pack, file: str) -> Recommender:
    return pack.recommender if file == TARGET else _part(pack, file, load_recommender)


def _part(pack: Pack, file: str, load: Callable[[Path], T]) -> T:
    """What a file of the pack holds, read once."""
    if file not in pack.parts:
        pack.parts[file] = load(pack.root / file)
    return pack.parts[file]


def _eyes(models: list[Recommender], name: str, fingerprint: str) -> Backbone:
    """The classifier's network: one that a scorer has already, or a fresh one.

    Raises:
        ModelError: Its weights are not those the classifier was trained on.
    """
    for model in models:
        if isinstance(model, VBPR) and model.backbone_name == name and model.backbone.fingerprint() == fingerprint:
            return model.backbone
    backbone = Backbone.pretrained(name)
    if backbone.fingerprint() != fingerprint:
        raise ModelError(f"{name}: not the weights that the category classifier was trained on; build it again")
    return backbone
