"""The panel that checks a pack's redesigns, for one of its audiences or any other taste."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from gigs.audience import Audience
from gigs.audience.taste import Taste
from gigs.errors import InputError, ModelError
from gigs.packs.load import TARGET, Pack
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
from gigs.verify.scorer import Scorer
from gigs.verify.share_map import ShareMap
from gigs.vision.backbone import Backbone

ALL = "everyone"
OWN_HALVES = "own halves"  # under each scorer, those of an audience that it was trained with
T = TypeVar("T")


def panel_for(pack: Pack, audience: Audience) -> Panel | None:
    """The panel that checks a pack's redesigns for an audience: one of the pack's, or any other with tastes.

    Specificity is against everybody else the target knows where the audience's members are among them, and against all
    otherwise. None where the pack was never given scorers (`gigs pack scorers`), or the audience has no tastes.

    Raises:
        InputError: The pack does not hold what is needed, a taste is missing or does not fit, or an audience that is
            not the pack's has the name of one that is.
        ModelError: A part is missing or malformed.
    """
    if pack.info.get("verify") is None or not audience.tastes:
        return None
    foreign = bool(audience.origin)
    if foreign and audience.name in pack.audiences:
        raise InputError(
            f"audience {audience.name!r}: the pack {pack.name} has an audience with this name; choose another name"
        )
    about = audience.origin if foreign else pack.audiences.get(audience.name, {})
    scorers, gallery = _scorers(pack, audience.tastes, about), gallery_of(pack)
    if foreign:
        phi = items_phi(pack)
        gallery = gallery.scored_by(audience.name, {one.name: one.z_of(phi[one.name]) for one in scorers})
    return _panel(pack, audience.name, scorers, gallery, _outside(pack, audience, scorers[0]))


def _outside(pack: Pack, audience: Audience, target: Scorer) -> Tensor | None:
    """The target's taste of everybody else; None for the audience of all, or where the pack has no such audience."""
    if audience.name == ALL or ALL not in pack.audiences:
        return None
    everybody = pack.tastes_of(ALL)[target.name]
    if audience.origin and not is_part_of_everybody(audience):
        return everybody.theta
    return taste_outside(everybody, target.taste)


def is_part_of_everybody(audience: Audience) -> bool:
    """Whether an audience's taste under the target is a mean over some of those whom `everyone` is made of."""
    return audience.origin.get("members") == OWN_HALVES and not audience.privacy


def gallery_of(pack: Pack) -> Gallery:
    """The pack's real items, read once."""
    return _part(pack, GALLERY, load_gallery)


def types_of(pack: Pack) -> tuple[str, ...]:
    """Types of products that the pack tells apart, for `Panel.of_type`; none where it has no scorers."""
    return () if pack.info.get("verify") is None else _part(pack, CATEGORY, load_category).names


def everybodys_tastes(pack: Pack) -> dict[str, Taste]:
    """By scorer, the taste of all its buyers; empty where the pack has no such audience.

    Raises:
        InputError: The pack has no scorers.
    """
    return pack.tastes_of(ALL) if pack.scorers and ALL in pack.audiences else {}


def items_phi(pack: Pack) -> dict[str, Tensor]:
    """phi of the pack's real items, `[N,K]` each, under every scorer, targets first.

    Raises:
        InputError: The pack has no scorers.
    """
    scorers, found = pack.scorers, {}
    gallery = gallery_of(pack)
    for name, about in scorers.items():
        if about["file"] == TARGET:
            found[name] = gallery.phi
        elif name in gallery.features:
            found[name] = gallery.features[name]
        else:
            raise InputError(
                f"pack {pack.name}: holds no features of its real items for {name}, which your own audience "
                "needs; run `gigs pack scorers` again"
            )
    return found


def model_of(pack: Pack, scorer: str) -> Recommender:
    """A scorer's recommender, without users, read once."""
    return _model(pack, pack.scorers[scorer]["file"])


def eyes_of(pack: Pack) -> dict[str, str]:
    """By scorer, what it looks through: scorers of the same eyes err alike."""
    return {name: model_of(pack, name).eyes or name for name in pack.scorers}


def half_of(about: Mapping[str, Any]) -> str:
    """The part of the buyers that a scorer was trained with, by what the pack says of it; empty for all of them."""
    trained = about.get("trained", {})
    return "" if trained.get("fold") is None else f"{trained['fold']}/{trained.get('folds') or 2}"


def is_of_its_half(about: Mapping[str, Any], scorer: str) -> bool:
    """Whether an audience's taste under a scorer is that of the members in this one's half, or that of all members.

    Args:
        about: What a pack says of the audience, or the origin of any other.
        scorer: Its name.
    """
    return about.get("members", OWN_HALVES) == OWN_HALVES and scorer not in about.get("all_under", ())


def _scorers(pack: Pack, tastes: Mapping[str, Taste], about: Mapping[str, Any]) -> list[Scorer]:
    """Targets first, then judges, with one audience's tastes; `about` it as in `is_of_its_half`."""
    found, everybody = [], everybodys_tastes(pack)
    for name, one in pack.scorers.items():
        if name not in tastes:
            raise InputError(f"no taste under the pack's scorer {name}: an audience needs one under each")
        try:
            scorer = Scorer(
                name, one["role"], _model(pack, one["file"]), tastes[name], one["auc"], everybody.get(name),
                half=half_of(one), of_its_half=is_of_its_half(about, name),
            )  # fmt: skip
        except KeyError as error:
            raise ModelError(pack.malformed_scorers(error)) from error
        if scorer.taste.theta.shape != (scorer.recommender.feature_count,):
            raise InputError(
                f"the taste under {name} has {tuple(scorer.taste.theta.shape)} numbers, but the pack's scorer "
                f"needs {scorer.recommender.feature_count}: they come from different trainings; make the "
                "audience again"
            )
        found.append(scorer)
    return found


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
        share_map=share_map_of(pack),
    )


def share_map_of(pack: Pack) -> ShareMap | None:
    """How the pack's judges' gains become shares of buyers; None where it was never set (`gigs verify share`).

    Raises:
        ModelError: It is malformed.
    """
    record = pack.info.get("share")
    return None if record is None else ShareMap.read(record)


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
        pack.parts[file] = load(pack.path(file))
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
