"""Conformance of recommenders: what training, audiences, packs and shifting rely on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gigs.recommender.base import Recommender, class_of, load_recommender
from gigs.testing.common import devices, run


def check_recommender(build: Callable[[], Recommender], **options: Any) -> list[str]:
    """Run every check of `RecommenderSuite` on what `build()` returns.

    Args:
        build: Makes a recommender with two or more users, the same one at every call; random weights do.
        options: Attributes of the suite to set, such as `tolerance=1e-3`.

    Returns:
        Names of the checks that passed.

    Raises:
        AssertionError: The first check that failed.
    """
    return run(type("Suite", (RecommenderSuite,), {"build": staticmethod(build), **options})())


class RecommenderSuite:
    """Checks of a recommender; subclass it and implement `build`.

    `tolerance`: how far apart the same features may come out in batches of different sizes, relative to their size.
    `sides`: of the pictures it is shown. `steps`: of the ascent on pixels, at `learning_rate` a step.
    """

    tolerance = 1e-4
    sides = (64, 96)
    steps = 12
    learning_rate = 0.02

    def build(self) -> Recommender:
        """The recommender under test, with users, the same at every call."""
        raise NotImplementedError

    def test_a_kind_is_registered(self) -> None:
        """A file names its kind, and whoever opens it must be able to build it."""
        model = self._frozen()
        assert model.kind, "it has no `kind`"
        assert class_of(model.kind), f"kind {model.kind!r} is not registered"

    def test_b_users_have_factors_of_the_features_length(self) -> None:
        """`user_factors [U,K]` in the order of `user_ids`."""
        model = self._frozen()
        assert len(model.user_ids) >= 2, "the suite needs two or more users"
        wanted = (len(model.user_ids), model.feature_count)
        assert tuple(model.user_factors.shape) == wanted, f"user_factors {list(model.user_factors.shape)}, not {wanted}"
        assert model.user_row(model.user_ids[1]) == 1, "user_row() does not follow the order of user_ids"
        assert bool(model.user_factors.isfinite().all()), "a user factor is not finite"

    def test_c_features_have_the_stated_shape_for_pictures_of_any_size(self) -> None:
        """`[N,K]`, finite float32."""
        model = self._frozen()
        for side in self.sides:
            phi = model.features(_pictures(2, side))
            assert phi.shape == (2, model.feature_count), f"features of {side} px are {list(phi.shape)}"
            assert phi.dtype == torch.float32 and bool(phi.isfinite().all()), "features must be finite float32"
        assert not torch.equal(phi[0], phi[1]), "two pictures have the same features"

    def test_d_scores_are_theirs_theta_phi_or_said_not_to_be(self) -> None:
        """Eq. 1: theta^T phi, unless `is_linear` is False."""
        model, images = self._frozen(), _pictures(3, self.sides[0])
        theta = model.user_factors.detach()
        scores = model.score(images, theta)
        assert scores.shape == (3, len(theta)), f"scores of 3 pictures and {len(theta)} users are {list(scores.shape)}"
        one = model.score(images, theta[0])
        assert one.shape == (3,), f"scores for one user are {list(one.shape)}"
        torch.testing.assert_close(one, scores[:, 0], atol=1e-4, rtol=1e-4)
        if model.is_linear:
            torch.testing.assert_close(scores, model.features(images) @ theta.T, atol=1e-4, rtol=1e-4)

    def test_e_the_same_picture_scores_the_same(self) -> None:
        """To the bit: dropout at scoring time is a bug that hides in averages."""
        model, images = self._frozen(), _pictures(2, self.sides[0])
        assert torch.equal(model.features(images), model.features(images)), "two calls gave different features"

    def test_f_rows_of_a_batch_do_not_influence_one_another(self) -> None:
        """A suggestion's score must not depend on its siblings."""
        model, images = self._frozen(), _pictures(3, self.sides[0])
        together = model.features(images)
        apart = (together - torch.cat([model.features(image[None]) for image in images])).abs().max()
        relative = (apart / together.abs().max().clamp_min(1e-12)).item()
        assert relative <= self.tolerance, f"features change by {relative:.2g} of their size with the batch"

    def test_g_gradients_reach_the_pixels_and_no_weight(self) -> None:
        """Shifting follows the gradient of the score."""
        model = self._frozen()
        images = _pictures(2, self.sides[0]).requires_grad_()
        model.score(images, model.user_factors[0].detach()).sum().backward()
        assert images.grad is not None, "no gradient reaches the pixels"
        assert bool(images.grad.isfinite().all()), "the gradient is not finite"
        assert bool((images.grad.abs().sum(dim=(1, 2, 3)) > 0).all()), "a picture gets no gradient"
        assert all(parameter.grad is None for parameter in model.parameters()), "freeze() left weights trainable"

    def test_h_saved_and_loaded_scores_the_same(self) -> None:
        """To the bit, from the file alone, with users and without."""
        model, images = self._frozen(), _pictures(2, self.sides[0])
        with tempfile.TemporaryDirectory() as folder:
            again = load_recommender(model.save(Path(folder) / "with.safetensors"))
            bare = load_recommender(model.save(Path(folder) / "without.safetensors", with_users=False))
        assert again.user_ids == model.user_ids, "the users are lost on the way"
        assert torch.equal(again.user_factors, model.user_factors), "user factors change on the way"
        assert torch.equal(again.features(images), model.features(images)), "the loaded model has other features"
        assert bare.user_ids == [], "with_users=False left users in the file"
        assert torch.equal(bare.features(images), model.features(images)), "features depend on the users"

    def test_i_it_says_how_pictures_reach_it(self) -> None:
        """Preprocessing travels with the weights."""
        assert self._frozen().preprocessing(), "preprocessing() says nothing"

    def test_j_it_moves_to_every_device_here(self) -> None:
        """`.to(device)` takes everything along."""
        images = _pictures(1, self.sides[0])
        for device in devices():
            moved = self._frozen().to(device).features(images.to(device)).cpu()
            here = self._frozen().features(images)
            torch.testing.assert_close(moved, here, atol=1e-2, rtol=1e-2)

    def test_k_following_the_gradient_raises_the_score(self) -> None:
        """Pixels that climb a user's score must end higher."""
        model, images = self._frozen(), _pictures(1, self.sides[0])
        theta = model.user_factors[0].detach()
        pixels = images.clone().requires_grad_()
        for _ in range(self.steps):
            (slope,) = torch.autograd.grad(model.score(pixels, theta).sum(), pixels)
            with torch.no_grad():
                pixels += self.learning_rate * slope / slope.abs().max().clamp_min(1e-30)
                pixels.clamp_(0, 1)
        with torch.no_grad():
            before, after = model.score(images, theta).item(), model.score(pixels, theta).item()
        assert after > before, f"the score went from {before:.4g} to {after:.4g}"

    def _frozen(self) -> Recommender:
        return self.build().freeze()


def _pictures(n: int, side: int) -> Tensor:
    """Smooth random pictures `[n,3,side,side]` in `[0,1]`."""
    coarse = torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(n))
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear").clamp(0, 1)
