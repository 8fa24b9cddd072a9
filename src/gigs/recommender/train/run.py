"""BPR training of a recommender on a catalogue: early stopping on validation AUC, resumable to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gigs.data.catalogue import Catalogue
from gigs.errors import DataError, InputError
from gigs.io import folders, storage, written
from gigs.progress import OnStep, silent
from gigs.recommender.base import Recommender, load_recommender
from gigs.recommender.evaluate import RankingSettings, evaluate_factors, every_way
from gigs.recommender.features import backbone_features, catalogue_phi, view_features
from gigs.recommender.feedback import Feedback, read_feedback
from gigs.recommender.item_pictures import ItemPictures, View
from gigs.recommender.models.dvbpr import DVBPR
from gigs.recommender.models.vbpr import VBPR
from gigs.recommender.standing import doubt
from gigs.recommender.train.learner import FeatureLearner, Learner, PixelLearner, PurchaseLearner, require_differences
from gigs.recommender.train.loop import MODEL, Progress, fit
from gigs.recommender.train.settings import TrainingSettings
from gigs.training.checkpoint import CHECKPOINTS
from gigs.training.processes import held, here
from gigs.vision.backbone import Backbone

KEPT = (MODEL, "training.csv", "metrics.json", "checkpoint*.pt")


@dataclass(frozen=True)
class TrainedRecommender:
    """What training leaves behind: the model's file, its scores (see `evaluate_recommender`), and how it went."""

    path: Path
    metrics: dict[str, Any] = field(repr=False)
    epochs: int
    best_epoch: int

    @property
    def doubt(self) -> str | None:
        """Why its scores promise nothing, and what to do; None where its test AUC is above chance."""
        return doubt({"scores": self.metrics})


def train_recommender(
    items: Catalogue | ItemPictures,
    settings: TrainingSettings,
    out_dir: str | Path,
    *,
    on_step: OnStep = silent,
    resume: bool = False,
    device: str = "cpu",
) -> TrainedRecommender:
    """Train a recommender and save the epoch with the best validation AUC.

    Args:
        items: What to learn from: a catalogue, or `ItemPictures` with more views of its items.
        settings: How.
        out_dir: Gets `recommender.safetensors`, `training.csv`, `metrics.json`, checkpoints and `manifest.json`.
        on_step: Progress: over the catalogue's features, then one step per epoch.
        resume: Go on from the folder's checkpoint; on the CPU the result is the same to the bit.
        device: Where to train.

    Raises:
        InputError: The settings do not fit the catalogue, the checkpoint is of other settings, or another process
            trains in the folder.
        DataError: The catalogue has nothing to learn from.
        ModelError: Training diverged even at an eighth of the learning rate, or no checkpoint can be read.
    """
    out_dir = Path(out_dir)
    pictures = items if isinstance(items, ItemPictures) else ItemPictures(items)
    catalogue = pictures.catalogue
    with held(out_dir):
        feedback = _feedback(catalogue, settings)
        _require_something_to_learn(feedback, settings)
        learner = build_learner(
            catalogue, settings, feedback, extra_views=pictures.extra_views, backbone=pictures.backbone, on_step=on_step
        )
        learner.to(device)
        learner.model.about |= {"catalogue": catalogue.info.get("source", ""), "dropped": feedback.dropped}
        if here().main:
            written.begin(out_dir, KEPT, ours=CHECKPOINTS)
        progress = fit(learner, feedback, settings, out_dir, on_step=on_step, resume=resume)
        return here().from_main(lambda: _finish(learner, feedback, progress, catalogue, out_dir))


def build_learner(
    catalogue: Catalogue,
    settings: TrainingSettings,
    feedback: Feedback,
    *,
    extra_views: Sequence[View] = (),
    backbone: Backbone | None = None,
    on_step: OnStep = silent,
) -> Learner:
    """A new model with its pictures (DVBPR) or backbone features (VBPR)."""
    stored = int(catalogue.info["image_size"])
    size = settings.image_size or min(settings.input_size, stored)
    if size > stored:
        raise InputError(f"image_size {size} is more than the catalogue's {stored} px; lower it or import larger")
    for view in extra_views:
        view.check(len(catalogue.items))
    generator = torch.Generator().manual_seed(settings.seed)
    model: VBPR | DVBPR
    learner: Learner
    shared: dict[str, Any] = {
        "factors": settings.factors, "input_size": settings.input_size, "user_ids": feedback.user_ids
    }  # fmt: skip
    if settings.kind == "dvbpr":
        model = DVBPR(hidden=settings.hidden, width=settings.width, **shared)
        model.reset_parameters(generator)
        with here().main_first():
            photos = catalogue.images(size)
        learner = PixelLearner(model, [photos, *(_filled(view, photos) for view in extra_views)], settings)
    else:
        model = VBPR(
            backbone=settings.backbone,
            include_backbone=settings.include_backbone,
            unit_length=settings.unit_length,
            **shared,
        )
        model.attach(backbone or Backbone.pretrained(settings.backbone))
        with here().main_first():
            raw = backbone_features(
                catalogue, model.backbone, image_size=size, input_size=settings.input_size, on_step=on_step
            )
        wanted = np.union1d(feedback.train[1], np.flatnonzero(feedback.bought & feedback.trainable))
        require_differences(raw[np.unique(feedback.train[1])])
        more = [view_features(view, raw, wanted, model.backbone, settings.input_size, on_step) for view in extra_views]
        if settings.standardise:
            model.standardise(torch.from_numpy(np.array(raw[feedback.trainable])))
        if extra_views and len(both := wanted[extra_views[0].rows[wanted]]):
            model.ignore_domain(*(torch.from_numpy(np.array(part[both])) for part in (raw, more[0])))
        model.reset_parameters(generator)
        if settings.users == "purchases":
            learner = PurchaseLearner(model, [raw, *more], settings, feedback.train)
        else:
            learner = FeatureLearner(model, [raw, *more], settings)
    model.about = {"settings": settings.to_dict(), "image_size": size}
    return learner


def _filled(view: View, photos: np.ndarray) -> np.ndarray:
    """A view's pictures, with the photo where it has none; of the photos' size.

    Raises:
        InputError: The view is of another size.
    """
    if view.pictures.shape[1:] != photos.shape[1:]:
        raise InputError(
            f"an extra view has pictures of {view.pictures.shape[1]} px, but training reads {photos.shape[1]} "
            f"px; set `image_size` to {view.pictures.shape[1]}"
        )
    return np.where(view.rows[:, None, None, None], view.pictures, photos)


def _feedback(catalogue: Catalogue, settings: TrainingSettings) -> Feedback:
    """Interactions as the settings choose them."""
    names = ("fold", "folds", "min_items", "include_held_out")
    return read_feedback(catalogue, **{name: getattr(settings, name) for name in names})


def _require_something_to_learn(feedback: Feedback, settings: TrainingSettings) -> None:
    """Refuse purchases from which this kind of recommender would learn nothing, at a loss of 0, in silence."""
    if settings.users == "purchases" and settings.kind == "vbpr":
        most = int(np.bincount(feedback.train[0]).max(initial=0))
        if most < 2:
            raise DataError(
                f"none of the {len(feedback.user_ids):,} users has two training items, so nothing tells what goes "
                "together; import purchases over a longer time (of users with four items, two are kept for tests)"
            )


def _finish(
    learner: Learner, feedback: Feedback, progress: Progress, catalogue: Catalogue, out_dir: Path
) -> TrainedRecommender:
    """Measure the best epoch's model, and write its scores into its file and beside it."""
    best = load_recommender(out_dir / MODEL)
    if isinstance(best, VBPR) and isinstance(learner.model, VBPR):
        best.attach(learner.model.backbone)
    metrics = _measure(best, catalogue, feedback)
    best.about["scores"] = metrics
    best.save(out_dir / MODEL)
    storage.write_json(out_dir / "metrics.json", metrics)
    written.seal(out_dir, folders.names(out_dir, KEPT))
    return TrainedRecommender(
        path=out_dir / MODEL, metrics=metrics, epochs=progress.epoch, best_epoch=progress.best_epoch
    )


def _measure(model: Recommender, catalogue: Catalogue, feedback: Feedback) -> dict[str, Any]:
    """Test figures among all items, bought ones and those of one kind; of validation too: stopping looked at it."""
    phi = catalogue_phi(model, catalogue)
    theta = model.user_factors.detach().cpu().numpy()
    kinds = tuple(model.about.get("settings", {}).get("alike", ()))
    report: dict[str, Any] = {}
    for split in ("validation", "test"):
        if len(feedback.split(split)[0]):
            for way in every_way(catalogue.items, RankingSettings(split=split, alike=kinds)):
                report[f"{split}-{way.candidates}"] = evaluate_factors(theta, phi, feedback, way)
    return report
