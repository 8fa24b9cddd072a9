"""The panel that checks a pack's redesigns for one of its audiences."""

from __future__ import annotations

from gigs.errors import InputError, ModelError
from gigs.packs.load import Pack
from gigs.packs.tastes import TASTES, load_tastes
from gigs.recommender import load_recommender
from gigs.recommender.backbone import Backbone
from gigs.recommender.base import Recommender
from gigs.recommender.vbpr import VBPR
from gigs.verify.category import FILE as CATEGORY
from gigs.verify.category import load_category
from gigs.verify.gallery import FILE as GALLERY
from gigs.verify.gallery import load_gallery
from gigs.verify.panel import Panel, taste_outside
from gigs.verify.scorer import Scorer

ALL = "everyone"


def load_panel(pack: Pack, audience: str) -> Panel | None:
    """Load the panel; None where the pack was never given scorers (`gigs pack scorers`).

    Raises:
        InputError: The pack has no such audience.
        ModelError: A part is missing or malformed.
    """
    about = pack.info.get("verify")
    if about is None:
        return None
    if audience not in pack.audiences:
        raise InputError(f"audience {audience!r} is not in the pack {pack.name}; it has {', '.join(pack.audiences)}")
    tastes = load_tastes(pack.root / TASTES)
    try:
        scorers = [
            Scorer(name, one["role"], _model(pack, one["file"]), tastes[name, audience], one["auc"])
            for name, one in about["scorers"].items()
        ]
    except KeyError as error:
        raise ModelError(
            f"{pack.root / 'pack.json'}: its scorers are malformed (no {error}); build them again"
        ) from error
    targets = tuple(scorer for scorer in scorers if scorer.role == "target")
    judges = tuple(scorer for scorer in scorers if scorer.role == "judge")
    category = load_category(pack.root / CATEGORY)
    eyes = _eyes([scorer.recommender for scorer in scorers], category.backbone_name, category.fingerprint)
    everybody = tastes.get((targets[0].name, ALL)) if targets and audience != ALL else None
    return Panel(
        audience,
        targets,
        judges,
        load_gallery(pack.root / GALLERY),
        category,
        eyes,
        float(about.get("disagreement", 0.0)),
        taste_outside(everybody, targets[0].taste) if everybody else None,
    )


def _model(pack: Pack, file: str) -> Recommender:
    return pack.recommender if file == "recommender.safetensors" else load_recommender(pack.root / file)


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
