"""A shop whose truth is known, with a target and two judges really trained on it: half of its buyers want red."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gigs.audience.taste import taste_of
from gigs.data.catalogue import Catalogue
from gigs.data.importers.hm import HmSettings, import_hm
from gigs.recommender import ItemPictures, defaults_for, load_recommender, train_recommender
from gigs.recommender.features import catalogue_phi
from gigs.recommender.models.vbpr import VBPR
from gigs.verify.scorer import Scorer
from gigs.vision.backbone import Backbone
from gigs.vision.images import fit_square, to_tensor
from tests.helpers.tiny import draw_garment, write_tiny_kaggle

SIDE = 64
EYES = {"target": ("alexnet", 0, 0), "judge-a": ("vgg16", 1, 1), "judge-b": ("efficientnet-lite0", 1, 2)}


def random_backbone(name: str, seed: int) -> Backbone:
    """A network without its ImageNet weights: its features still tell colours apart."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Backbone(name)


def colour_shop(root: Path) -> Catalogue:
    """60 users, 48 items; even users buy what is red, odd ones what is blue."""
    source = write_tiny_kaggle(root / "source", items=48, users=60)
    return import_hm(source, root / "catalogue", HmSettings(image_size=SIDE, hold_out=2))


def trained_scorer(name: str, catalogue: Catalogue, root: Path) -> tuple[Scorer, VBPR, np.ndarray]:
    """One of `EYES` trained on its half of the buyers, with the red buyers of it as its audience; and phi of items."""
    eyes, fold, seed = EYES[name]
    backbone = random_backbone(eyes, seed)
    settings = defaults_for(
        "vbpr", users="purchases", factors=8, backbone=eyes, fold=fold, seed=seed, input_size=SIDE, image_size=SIDE,
        epochs=12, patience=12, batch_size=64, learning_rate=1e-3,
    )  # fmt: skip
    trained = train_recommender(ItemPictures(catalogue, backbone=backbone), settings, root / name)
    model = load_recommender(trained.path)
    assert isinstance(model, VBPR)
    model.attach(backbone)
    phi = catalogue_phi(model, catalogue, image_size=SIDE)
    rows = [row for row, user in enumerate(model.user_ids) if int(user[:2]) % 2 == 0]
    factors = model.user_factors[rows].detach()
    scores = torch.from_numpy(phi) @ factors.mean(0)
    auc = trained.metrics["test-all"]["model"]["overall"]["auc"]
    role = "target" if name == "target" else "judge"
    return Scorer(name, role, model, taste_of(factors, scores), auc), model, phi


def garment(kind: str, colour: tuple[int, int, int]) -> Tensor:
    """A picture `[1,3,64,64]` of a garment that is in no catalogue."""
    picture = draw_garment(kind, colour, np.random.default_rng(99))
    square, _ = fit_square(picture, SIDE)
    return to_tensor(square)
