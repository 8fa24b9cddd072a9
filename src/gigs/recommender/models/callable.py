"""A recommender from elsewhere: the name of its feature function, and its users' vectors.

For example, a company's two-tower model: the item tower is a Python function from pictures to features, and the user
tower's outputs are the vectors. The file holds only the function's name. An installed package provides the function (an
entry point of the group `gigs.features`), or the program registers it (`register_features`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gigs.errors import InputError, ModelError
from gigs.io import plugins
from gigs.recommender.base import Recommender, register

FEATURES, SCORERS = "gigs.features", "gigs.scorers"  # groups of entry points
Function = Callable[..., Tensor]
_REGISTERED: dict[tuple[str, str], Callable[[], Function]] = {}
PROBE = 8  # of the features of a fixed picture, kept in the file


def register_features(name: str, build: Callable[[], Function]) -> None:
    """Name a feature function: `build()` returns it, pictures `[N,3,S,S]` in `[0,1]` to features `[N,K]`.

    It must be differentiable and deterministic; a `torch.nn.Module` is put into evaluation mode and frozen.
    """
    _REGISTERED[FEATURES, name] = build


def register_scorer(name: str, build: Callable[[], Function]) -> None:
    """Name a scorer that is not linear: `build()` returns it, `(phi [N,K], theta [U,K])` to scores `[N,U]`."""
    _REGISTERED[SCORERS, name] = build


@register
class CallableRecommender(Recommender):
    """phi from a named function, theta as given; the score is theta^T phi, or what a named scorer makes of both.

    Args:
        features: Name of the feature function.
        factors: K, the length of its features and of a user's vector.
        input_size: Side in pixels of the pictures that it is given.
        scorer: Name of a scorer; None for theta^T phi.
        probe: What the function answered for a fixed picture when the file was made; another answer is refused.
        user_ids: Ids of the users, in the order of theta.
    """

    kind = "callable"

    def __init__(
        self,
        *,
        features: str,
        factors: int,
        input_size: int = 224,
        scorer: str | None = None,
        probe: Sequence[float] | None = None,
        user_ids: Sequence[str] = (),
    ) -> None:
        super().__init__(input_size=input_size, user_ids=user_ids)
        if factors < 1:
            raise InputError(f"a recommender with {factors} factors: at least 1 is needed")
        self.function_name, self.scorer_name, self.factors = features, scorer, int(factors)
        self.is_linear = scorer is None
        self.probe = None if probe is None else [float(value) for value in probe]
        self.theta = nn.Parameter(torch.zeros(len(self.user_ids), factors))
        self._functions: dict[str, Function] = {}  # hidden from parameters() and state_dict()

    @classmethod
    def from_vectors(
        cls, features: str, user_ids: Sequence[str], vectors: Tensor, *, input_size: int, scorer: str | None = None
    ) -> CallableRecommender:
        """A recommender of users' vectors `[U,K]`, its function looked up and probed now.

        Raises:
            InputError: Vectors that are not finite or of another number than the ids.
            ModelError: The function is unknown, or its features are of another length.
        """
        if vectors.ndim != 2 or len(vectors) != len(user_ids) or not bool(vectors.isfinite().all()):
            raise InputError(f"user vectors {list(vectors.shape)} for {len(user_ids)} ids: need finite [U,K]")
        model = cls(
            features=features, factors=vectors.shape[1], input_size=input_size, scorer=scorer, user_ids=user_ids
        )
        model.theta = nn.Parameter(vectors.detach().float().clone())
        model.probe = model._probe_answer()
        return model.freeze()  # type: ignore[return-value]

    @property
    def eyes(self) -> str:
        """The function."""
        return self.function_name

    def features(self, images: Tensor) -> Tensor:
        """phi, `[N,K]`, of pictures float32 `[N,3,H,W]` in `[0,1]`.

        Raises:
            ModelError: The function is not installed, answers in another shape, or is another than at saving.
        """
        phi = self._function(images.device)(self.resize(images))
        if phi.shape != (len(images), self.factors):
            raise ModelError(
                f"features {self.function_name!r}: answered {list(phi.shape)} for {len(images)} pictures, not "
                f"[{len(images)}, {self.factors}]"
            )
        return phi.float()

    def score(self, images: Tensor, theta: Tensor) -> Tensor:
        """As `Recommender.score`; with a scorer, what that makes of phi and theta."""
        if self.is_linear:
            return super().score(images, theta)
        if theta.shape[-1] != self.factors or theta.ndim not in (1, 2):
            raise InputError(f"taste vector of shape {tuple(theta.shape)}: this recommender has K={self.factors}")
        scorer = self._function_named(SCORERS, str(self.scorer_name), images.device)
        scores = scorer(self.features(images), theta.reshape(-1, self.factors).to(images.device))
        return scores[:, 0] if theta.ndim == 1 else scores

    def architecture(self) -> dict[str, Any]:
        """Arguments that build this recommender again."""
        return {
            "features": self.function_name, "factors": self.factors, "input_size": self.input_size,
            "scorer": self.scorer_name, "probe": self.probe,
        }  # fmt: skip

    def preprocessing(self) -> dict[str, Any]:
        """How pictures reach the function."""
        return {"range": [0, 1], "resize": "bilinear", "size": self.input_size, "then": "the function's own"}

    def _function(self, device: torch.device) -> Function:
        """The feature function; when first used, checked against the probe."""
        if FEATURES not in self._functions and self.probe is not None:
            answer, wanted = torch.tensor(self._probe_answer()), torch.tensor(self.probe)
            if not torch.allclose(answer, wanted, rtol=1e-2, atol=1e-3 * float(wanted.abs().max())):
                del self._functions[FEATURES]
                raise ModelError(
                    f"features {self.function_name!r}: this is not the function that these user vectors were "
                    "saved with, as its features of a test picture differ; install that version, or convert "
                    "the vectors again"
                )
        return self._function_named(FEATURES, self.function_name, device)

    def _function_named(self, group: str, name: str, device: torch.device) -> Function:
        if group not in self._functions:
            build = _REGISTERED.get((group, name)) or plugins.load(group, name)
            if build is None:
                known = sorted({*(own for kind, own in _REGISTERED if kind == group), *plugins.names(group)})
                raise ModelError(
                    f"{group}: no function {name!r} here; known: {', '.join(known) or 'none'}. Install the package "
                    "that names it in its entry points"
                )
            function = build()
            self._functions[group] = (
                function.eval().requires_grad_(False) if isinstance(function, nn.Module) else function
            )
        function = self._functions[group]
        return function.to(device) if isinstance(function, nn.Module) else function

    @torch.no_grad()
    def _probe_answer(self) -> list[float]:
        """The first features of a fixed picture: a diagonal ramp."""
        axis = torch.linspace(0, 1, self.input_size)
        ramp = torch.stack([axis.expand(self.input_size, -1), axis[:, None].expand(-1, self.input_size)])
        picture = torch.cat([ramp, ramp.mean(0, keepdim=True)])[None]
        phi = self._function_named(FEATURES, self.function_name, torch.device("cpu"))(picture)
        if phi.shape != (1, self.factors):
            raise ModelError(
                f"features {self.function_name!r}: answers {list(phi.shape)} for a picture, not [1, {self.factors}]"
            )
        return [round(float(value), 6) for value in phi[0, :PROBE]]
