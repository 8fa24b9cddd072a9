"""The interface of recommenders: features phi of pictures, factors theta of users, and a score theta^T phi (Eq. 1)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from gigs.errors import InputError, ModelError
from gigs.io import plugins, storage
from gigs.io.build import WRONG, build_fitting
from gigs.io.hub import HubMixin
from gigs.vision.resize import resize_bilinear

SCHEMA = 1
MIN_INPUT_SIZE, MAX_INPUT_SIZE = 64, 2048
IDS = "user_ids"

R = TypeVar("R", bound="type[Recommender]")
_REGISTRY: dict[str, type[Recommender]] = {}
ENTRY_POINTS = "gigs.recommenders"  # group under which an installed package may name classes of its own


def register(cls: R) -> R:
    """Class decorator that registers a recommender with `load_recommender` by its `kind`."""
    _REGISTRY[cls.kind] = cls
    return cls


def class_of(kind: str) -> type[Recommender] | None:
    """The class of a kind, registered here or by an installed package's entry point; None if unknown."""
    return _REGISTRY.get(kind) or plugins.load(ENTRY_POINTS, kind)


class Recommender(HubMixin, nn.Module, ABC):
    """A visual recommender: `score = theta^T phi(X)`, Eq. 1 of the paper (Kang et al. 2017).

    `features` is differentiable down to the pixels. In evaluation mode it is deterministic: dropout is a module, so
    `.eval()` stops it. A model without users (`user_ids == []`) scores with any theta that it is given.

    Attributes:
        kind: Name of the architecture, as in files and on the command line.
        is_linear: Whether the score is theta^T phi. If it is not, override `score` and set this to False. An audience
            is then a sample of its users instead of one mean vector, which takes longer.
        input_size: Side in pixels of the network's input. Pictures of other sizes are resized inside.
        theta: Learned user factors, `[U, learned]`. The factors that go with `features` are `user_factors`.
        about: What is known of the model: training settings, catalogue and scores. JSON-able, and kept in the file.
    """

    kind: ClassVar[str] = ""
    hub_file = "recommender.safetensors"
    is_linear: bool = True
    theta: nn.Parameter

    def __init__(self, *, input_size: int, user_ids: Sequence[str] = ()) -> None:
        super().__init__()
        if input_size < MIN_INPUT_SIZE:
            raise InputError(f"input size {input_size} is too small for a recommender; use {MIN_INPUT_SIZE} or more")
        if input_size > MAX_INPUT_SIZE:
            raise InputError(f"input size {input_size} is too large for a recommender; use {MAX_INPUT_SIZE} or less")
        self.input_size = int(input_size)
        self.user_ids = [str(identifier) for identifier in user_ids]
        self.about: dict[str, Any] = {}
        self._user_rows = {identifier: row for row, identifier in enumerate(self.user_ids)}
        if len(self._user_rows) != len(self.user_ids):
            raise ModelError("two users of this recommender have the same id; make ids unique and train again")

    @property
    def feature_count(self) -> int:
        """K, the length of a feature vector and of a user factor. By default, the length in `theta`."""
        return self.theta.shape[1]

    @property
    def eyes(self) -> str | None:
        """Name of the backbone, which other models may share; None if the network is the model's own."""
        return None

    @property
    def user_factors(self) -> Tensor:
        """theta of every user, `[U,K]`, in the order of `user_ids`. By default, the learned factors."""
        return self.factors_from(self.theta)

    def factors_from(self, learned: Tensor) -> Tensor:
        """User factors `[B,K]` from rows of `theta`, `[B,learned]`. By default, the rows themselves."""
        return learned

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """phi of pictures (Eq. 1).

        Args:
            images: float32 `[N,3,H,W]` in `[0,1]`, any H and W.

        Returns:
            `[N,K]`.
        """

    @abstractmethod
    def architecture(self) -> dict[str, Any]:
        """JSON-able keyword arguments that build this network again, without the users."""

    @abstractmethod
    def preprocessing(self) -> dict[str, Any]:
        """How pictures are prepared for the network, for the file's header and the model card."""

    def forward(self, images: Tensor) -> Tensor:
        """The same as `features`."""
        return self.features(images)

    def score(self, images: Tensor, theta: Tensor) -> Tensor:
        """Preference score theta^T phi(X), Eq. 1.

        Args:
            images: float32 `[N,3,H,W]` in `[0,1]`.
            theta: One taste vector `[K]`, or several `[U,K]`.

        Returns:
            `[N]` for one vector, `[N,U]` for several. Each model has its own scale; only differences are meaningful.

        Raises:
            InputError: The length of theta differs from that of the features.
        """
        if theta.shape[-1] != self.feature_count or theta.ndim not in (1, 2):
            raise InputError(f"taste vector of shape {tuple(theta.shape)}: this recommender has K={self.feature_count}")
        phi, theta = self.features(images), theta.to(images.device)
        return phi @ (theta if theta.ndim == 1 else theta.T)

    def require_linear(self, what: str) -> None:
        """Refuse a recommender whose score is not linear, for uses that need one.

        Raises:
            InputError: This recommender's score is not linear.
        """
        if not self.is_linear:
            raise InputError(
                f"{what} needs the score theta^T phi, but this recommender's score ({self.kind}) is not linear"
            )

    def user_row(self, user_id: str) -> int:
        """Row of a user in `user_factors`.

        Raises:
            InputError: The model does not know the user.
        """
        if not self.user_ids:
            raise InputError("this recommender has no users (a pack holds audiences only); train one on your data")
        try:
            return self._user_rows[str(user_id)]
        except KeyError:
            raise InputError(
                f"user {user_id!r} is unknown to this recommender: its training data hold no purchase of theirs"
            ) from None

    def user_rows(self, user_ids: Iterable[str]) -> np.ndarray:
        """Rows in `user_factors` of those users that the model knows, sorted by row, int64."""
        known = (self._user_rows.get(str(identifier), -1) for identifier in user_ids)
        rows = np.unique(np.fromiter(known, dtype=np.int64))
        return rows[rows >= 0]

    def factors_of(self, rows: np.ndarray) -> Tensor:
        """theta of some users, `[B,K]`, by their rows in `user_factors`, without computing all of them."""
        if type(self).user_factors is not Recommender.user_factors:  # a model with a way of its own
            return self.user_factors[rows]
        return self.factors_from(self.theta[rows])

    def resize(self, images: Tensor) -> Tensor:
        """Resize `[N,3,H,W]` bilinearly to `input_size`, as the paper does, with antialiasing when it shrinks."""
        return resize_bilinear(images, self.input_size)

    def freeze(self: Recommender) -> Recommender:
        """Switch to evaluation mode without gradients of parameters. Gradients of the pixels remain. Returns self."""
        return self.eval().requires_grad_(False)

    def stored_tensors(self) -> dict[str, Tensor]:
        """The tensors that `save` writes besides the users."""
        return {name: tensor for name, tensor in self.state_dict().items() if name != "theta"}

    def save(self, path: str | Path, *, with_users: bool = True) -> Path:
        """Save as safetensors, with everything needed to use the model in the header.

        Args:
            path: File to write, atomically.
            with_users: Also save the user factors and ids. Do not pass these on: they are personal data.
        """
        tensors = self.stored_tensors()
        if with_users:
            tensors["theta"] = self.theta
            tensors[IDS] = _pack_ids(self.user_ids)
        settings = {
            "schema": SCHEMA,
            "kind": self.kind,
            "K": self.feature_count,
            "input_size": self.input_size,
            "preprocessing": self.preprocessing(),
            "architecture": self.architecture(),
            "users": len(self.user_ids) if with_users else 0,
            "about": self.about,
        }
        return storage.save_tensors(Path(path), tensors, settings)

    def hub_write(self, path: Path, *, with_users: bool = False, **options: Any) -> Path:
        """Like `save`, but by default without the users, whose factors are personal data."""
        return self.save(path, with_users=with_users, **options)

    @classmethod
    def hub_read(cls, path: Path) -> Recommender:
        """Like `load_recommender`."""
        return load_recommender(path)

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], settings: dict[str, Any]) -> Recommender:
        """Rebuild a model from what `save` wrote; `load_recommender` is the usual way in."""
        tensors = dict(tensors)
        ids = _unpack_ids(tensors.pop(IDS)) if IDS in tensors else []
        model = build_fitting(lambda: cls(**settings["architecture"], user_ids=ids), tensors)
        tensors.setdefault("theta", model.theta.detach())
        # half-precision files are for the shelf only
        model.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in tensors.items()})
        model.about = dict(settings.get("about", {}))
        return model


def load_recommender(path: str | Path) -> Recommender:
    """Load any saved recommender, ready to score: in evaluation mode, frozen and on the CPU.

    Raises:
        ModelError: The file is missing, damaged, of an unknown kind, or its tensors do not fit its settings.
    """
    tensors, settings = storage.load_tensors(Path(path))
    if settings.get("schema") != SCHEMA or "kind" not in settings:
        raise ModelError(
            f"{path}: not a recommender that this version of gigs reads; train one with `gigs train recommender`"
        )
    cls = class_of(settings["kind"]) if isinstance(settings["kind"], str) else None
    if cls is None:
        known = sorted({*_REGISTRY, *plugins.names(ENTRY_POINTS)})
        raise ModelError(
            f"{path}: recommender of kind {settings['kind']!r}; this version of gigs knows {', '.join(known)}"
        )
    try:
        model = cls.from_tensors(tensors, settings)
    except WRONG as error:
        reason = str(error).replace("\n", " ")
        raise ModelError(f"{path}: its tensors do not fit its settings ({reason}); train it again") from error
    if model.feature_count != settings.get("K"):
        raise ModelError(f"{path}: the header says K={settings.get('K')}, the tensors {model.feature_count}")
    return model.freeze()


def _pack_ids(ids: list[str]) -> Tensor:
    """Pack ids into a byte tensor, because a million of them exceed the header's limit."""
    content = json.dumps(ids, ensure_ascii=False).encode("utf-8")
    return torch.from_numpy(np.frombuffer(content, dtype=np.uint8).copy())


def _unpack_ids(packed: Tensor) -> list[str]:
    return [str(identifier) for identifier in json.loads(packed.numpy().tobytes().decode("utf-8"))]
