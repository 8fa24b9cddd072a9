"""Settings of recommender training: keyword-only, checked, and kept in every file they lead to."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from gigs.data.triplets import SCHEMES
from gigs.errors import InputError
from gigs.recommender.base import MIN_INPUT_SIZE

KINDS = ("vbpr", "dvbpr")


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How to train a recommender with BPR (Eqs. 2-4). `defaults_for` gives each kind its own usual values.

    Attributes:
        kind: `"vbpr"` (frozen backbone; seconds) or `"dvbpr"` (the paper's CNN-F; hours).
        factors: K of DVBPR; for VBPR K is one more.
        input_size: Side in pixels that the network works at.
        image_size: Side at which pictures are read, then enlarged to `input_size`; set it to a generator's resolution
            to make photos and generated pictures alike. None: `input_size`, or all that the catalogue holds.
        backbone: VBPR's frozen network.
        include_backbone: Save VBPR's backbone in the recommender's file.
        standardise: Give each backbone feature mean 0 and deviation 1 over the training items.
        unit_length: Bring VBPR's features of every item to one length, after standardising.
        hidden: DVBPR's two hidden layers; the paper's 4096.
        width: Share of the paper's channels in DVBPR's convolutions.
        epochs: At most so many passes over the training pairs.
        patience: Stop after so many epochs without a better validation AUC.
        batch_size: Triplets in a step.
        learning_rate: Of Adam.
        users: `"purchases"`, a user's factor is the mean phi of what they bought (VBPR only; best where most users
            bought little), or `"free"`, a vector of its own, as in the papers.
        theta_decay: lambda of Eq. 3 for user factors: half the squared length, mean over the batch.
        network_decay: lambda of Eq. 3 for the network's weights: half the sum of squares, beside the *mean* over
            triplets (the authors' 0.001 stands beside a sum over 128).
        sampling: `"user"` or `"pair"`; see `TripletSampler`.
        negatives: `"all"` items, or only those `"bought"` by somebody in training.
        within: Share of the negatives, 0 to 1, that are of the positive's own kind: a redesign keeps that.
        alike: Columns of the item table that tell a kind; the type and section if empty.
        flip: Mirror pictures at random (DVBPR).
        bf16: Run DVBPR's network in bfloat16.
        min_items: Least number of training items of a user.
        fold: Train on this fold of the users only; None for all. Judges take another fold than their target.
        folds: Number of folds.
        include_held_out: Also learn from items of products held out from generators.
        validation_candidates: How many items to rank against in each epoch's validation; 0 for all.
        view_weight: Of the squared change of a user's score between an item's photo and its other views (VBPR).
        seed: Of everything random.
    """

    kind: str = "vbpr"
    factors: int = 64
    input_size: int = 128
    image_size: int | None = None
    backbone: str = "efficientnet-lite0"
    include_backbone: bool = False
    standardise: bool = True
    unit_length: bool = False
    hidden: int = 4096
    width: float = 1.0
    epochs: int = 60
    patience: int = 8
    batch_size: int = 256
    learning_rate: float = 1e-3
    users: str = "free"
    theta_decay: float = 0.01
    network_decay: float = 1e-3
    sampling: str = "user"
    negatives: str = "all"
    within: float = 0.0
    alike: tuple[str, ...] = ()
    flip: bool = False
    bf16: bool = False
    min_items: int = 1
    fold: int | None = None
    folds: int = 2
    include_held_out: bool = False
    validation_candidates: int = 0
    view_weight: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values and pairs of values that cannot work."""
        _require(self.kind in KINDS, f"kind {self.kind!r} is unknown; choose one of {', '.join(KINDS)}")
        _require(self.sampling in SCHEMES, f"sampling {self.sampling!r} is unknown; choose one of {', '.join(SCHEMES)}")
        _require(self.negatives in ("all", "bought"), f"negatives {self.negatives!r} are unknown; choose all or bought")
        for name in ("factors", "hidden", "epochs", "patience", "batch_size", "min_items", "folds"):
            _require(getattr(self, name) >= 1, f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("theta_decay", "network_decay", "validation_candidates", "view_weight", "seed"):
            value = getattr(self, name)
            _require(math.isfinite(value) and value >= 0, f"{name} must be 0 or more, not {value}")
        _require(0 <= self.within <= 1, f"within must be 0 to 1, not {self.within}")
        positive = math.isfinite(self.learning_rate) and self.learning_rate > 0
        _require(positive, f"learning_rate must be above 0, not {self.learning_rate}")
        _require(
            self.input_size >= MIN_INPUT_SIZE, f"input_size must be {MIN_INPUT_SIZE} or more, not {self.input_size}"
        )
        _require(
            self.image_size is None or self.image_size >= 8, f"image_size must be 8 or more, not {self.image_size}"
        )
        _require(0 < self.width <= 1, f"width must be above 0 and at most 1, not {self.width}")
        fold_fits = self.fold is None or 0 <= self.fold < self.folds
        _require(fold_fits, f"fold {self.fold} of {self.folds} does not exist; choose 0 to {self.folds - 1}")
        pixels = self.kind == "dvbpr"
        _require(self.users in ("free", "purchases"), f"users {self.users!r} is unknown; choose free or purchases")
        _require(not (pixels and self.users == "purchases"), "users='purchases' is VBPR's; DVBPR learns free factors")
        _require(pixels or not (self.flip or self.bf16), "flip and bf16 are DVBPR's; VBPR learns from cached features")
        _require(not (pixels and self.include_backbone), "include_backbone is VBPR's; DVBPR has no backbone")

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON-able values."""
        return asdict(self)


def defaults_for(kind: str, **changes: Any) -> TrainingSettings:
    """Usual settings of a kind, with changes.

    DVBPR's are those of its paper and code: K=100, 224 px, Adam 1e-4, batch 128, lambda 0.001 for weights against a
    sum over the batch, lambda 1 for user factors, users drawn uniformly.

    Raises:
        InputError: A name or value is impossible.
    """
    usual: dict[str, Any] = {}
    if kind == "vbpr" and changes.get("users") != "free":
        usual = {
            "users": "purchases",
            "unit_length": True,
            "negatives": "bought",
            "batch_size": 512,
            "learning_rate": 1e-4,
            "network_decay": 0.25,
            "epochs": 80,
            "patience": 15,
        }
    elif kind == "vbpr":
        # Negatives that somebody bought: on the H&M sample a validation AUC of .680 instead of .668 (one seed).
        usual = {"negatives": "bought"}
    if kind == "dvbpr":
        usual = {
            "factors": 100,
            "input_size": 224,
            "epochs": 20,
            "patience": 5,
            "batch_size": 128,
            "learning_rate": 1e-4,
            "theta_decay": 1.0,
            "network_decay": 0.001 / 128,
            "validation_candidates": 2000,
        }
    try:
        return TrainingSettings(**(usual | {"kind": kind} | changes))
    except TypeError as error:
        raise InputError(f"recommender settings: {error}") from error


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InputError(f"recommender settings: {message}")
