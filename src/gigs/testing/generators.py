"""Conformance of generators: what inversion, shifting, packs and the command line rely on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gigs.generator.base import FAMILIES, Generator, builder_of, load_generator, save_generator
from gigs.inversion.optimise import InversionSettings, invert
from gigs.shifting.optimise import ShiftSettings, shift
from gigs.testing.common import PixelPyramid, devices, run
from gigs.vision.runtime import Runtime


def check_generator(build: Callable[[], Generator], **options: Any) -> list[str]:
    """Run every check of `GeneratorSuite` on what `build()` returns.

    Args:
        build: Makes a generator, the same one at every call; random weights do.
        options: Attributes of the suite to set, such as `tolerance=1e-3` or `steps=10`.

    Returns:
        Names of the checks that passed.

    Raises:
        AssertionError: The first check that failed.
    """
    return run(type("Suite", (GeneratorSuite,), {"build": staticmethod(build), **options})())


class GeneratorSuite:
    """Checks of a generator; subclass it and implement `build`.

    `tolerance`: how far apart the same picture may come out in batches of different sizes, in `[0,1]`. `steps`: of
    each optimisation. `learning_rate`: of both.
    """

    tolerance = 1e-4
    steps = 15
    learning_rate = 0.05

    def build(self) -> Generator:
        """The generator under test, the same at every call."""
        raise NotImplementedError

    def test_a_family_is_registered_and_its_settings_are_json(self) -> None:
        """A file names its family, and whoever opens it must be able to build it."""
        generator = self._frozen()
        assert getattr(generator, "family", ""), "it has no `family`"
        assert builder_of(generator.family), f"family {generator.family!r} is not registered; known: {sorted(FAMILIES)}"

    def test_b_sampled_vectors_have_the_stated_shape(self) -> None:
        """`[n,latent_dim]`, finite, fp32, of about unit variance: a learning rate must mean the same everywhere."""
        generator = self._frozen()
        z = generator.sample(64, _rng())
        assert z.shape == (64, generator.latent_dim), f"sample(64) gave {list(z.shape)}"
        assert z.dtype == torch.float32 and bool(z.isfinite().all()), "latent vectors must be finite float32"
        assert 0.2 < z.std().item() < 5, f"latent vectors vary by {z.std().item():.3g}; scale them to about 1"

    def test_c_the_seed_decides_what_is_sampled(self) -> None:
        """Same seed, same vectors, whatever else used PyTorch's global random state."""
        generator = self._frozen()
        torch.manual_seed(1)
        first = generator.sample(3, _rng(7))
        torch.manual_seed(2)
        assert torch.equal(first, generator.sample(3, _rng(7))), "sample() does not draw from the generator it is given"
        assert not torch.equal(first, generator.sample(3, _rng(8))), "another seed gave the same vectors"

    def test_d_pictures_have_the_stated_shape_and_range(self) -> None:
        """float32 `[N,3,resolution,resolution]` in `[0,1]`, for other vectors other pictures."""
        generator, z = self._frozen(), self._vectors(3)
        with torch.no_grad():
            images = generator(z)
        side = generator.resolution
        assert images.shape == (3, 3, side, side), f"pictures are {list(images.shape)}, not [3, 3, {side}, {side}]"
        assert images.dtype == torch.float32, f"pictures are {images.dtype}, not float32"
        assert bool(((images >= 0) & (images <= 1)).all()), "pictures leave [0,1]"
        assert not torch.equal(images[0], images[1]), "two latent vectors draw the same picture"

    def test_e_the_same_vector_draws_the_same_picture(self) -> None:
        """To the bit: noise inside would make every loss jump and no result repeatable."""
        generator, z = self._frozen(), self._vectors(2)
        with torch.no_grad():
            assert torch.equal(generator(z), generator(z)), "two calls drew different pictures"

    def test_f_rows_of_a_batch_do_not_influence_one_another(self) -> None:
        """Photos and suggestions share batches."""
        generator, z = self._frozen(), self._vectors(3)
        with torch.no_grad():
            apart = (generator(z) - torch.cat([generator(row[None]) for row in z])).abs().max().item()
        assert apart <= self.tolerance, f"a picture changes by {apart:.2g} with its neighbours in the batch"

    def test_g_gradients_reach_every_row_and_no_weight(self) -> None:
        """Both loops follow the gradient of the latent vector, through a frozen network."""
        generator, z = self._frozen(), self._vectors(2).requires_grad_()
        weights = torch.linspace(-1, 1, generator.resolution)
        (generator(z) * weights).sum().backward()
        assert z.grad is not None, "no gradient reaches the latent vector"
        assert bool(z.grad.isfinite().all()), "the gradient is not finite"
        assert bool((z.grad.abs().sum(1) > 0).all()), "a row of latent vectors gets no gradient"
        assert all(parameter.grad is None for parameter in generator.parameters()), "freeze() left weights trainable"

    def test_h_projection_settles_and_respects_rows(self) -> None:
        """`project` keeps what it has projected, and treats rows on their own."""
        generator = self._frozen()
        z = 1.5 * generator.sample(4, _rng(3)) + 0.3
        once = generator.project(z)
        assert once.shape == z.shape, f"project() gave {list(once.shape)} for {list(z.shape)}"
        torch.testing.assert_close(generator.project(once), once, atol=1e-4, rtol=1e-4)
        alone = torch.cat([generator.project(row[None]) for row in z])
        torch.testing.assert_close(alone, once, atol=1e-5, rtol=1e-5)
        drawn = generator.sample(4, _rng(4))
        moved = (generator.project(drawn) - drawn).abs().max().item()
        assert moved < 0.1, f"project() moves vectors that sample() drew, by up to {moved:.2g}"

    def test_i_every_space_is_reached_by_name(self) -> None:
        """`in_space` of every listed name gives a generator with the same weights."""
        generator = self._frozen()
        assert generator.space in generator.spaces, f"its own space {generator.space!r} is not in `spaces`"
        for space in generator.spaces:
            other = generator.in_space(space)
            assert other.space == space, f"in_space({space!r}) is in {other.space!r}"
            with torch.no_grad():
                images = other(other.sample(1, _rng()))
            assert images.shape[1:] == (3, generator.resolution, generator.resolution)

    def test_j_saved_and_loaded_draws_the_same(self) -> None:
        """To the bit, from the file alone, frozen and in evaluation mode."""
        generator, z = self._frozen(), self._vectors(2)
        with tempfile.TemporaryDirectory() as folder:
            again = load_generator(save_generator(Path(folder) / "generator.safetensors", generator))
        assert (again.latent_dim, again.resolution) == (generator.latent_dim, generator.resolution)
        with torch.no_grad():
            assert torch.equal(again(z), generator(z)), "the loaded generator draws other pictures"
        assert not any(parameter.requires_grad for parameter in again.parameters())

    def test_k_it_moves_to_every_device_here(self) -> None:
        """`.to(device)` takes everything along, buffers and constants too."""
        z = self._vectors(1)
        for device in devices():
            with torch.no_grad():
                moved = self._frozen().to(device)(z.to(device)).cpu()
            with torch.no_grad():
                apart = (moved - self._frozen()(z)).abs().max().item()
            assert apart < 0.02, f"on {device} the picture differs by {apart:.2g}"

    def test_l_inversion_lowers_its_loss(self) -> None:
        """The first loop of Algorithm 1, on a picture of the generator's own."""
        generator = self._frozen()
        with torch.no_grad():
            photo = generator(generator.sample(1, _rng(5)))
        losses = [self._inverted(generator, photo, steps) for steps in (0, self.steps)]
        assert losses[1] < losses[0], f"inversion went from {losses[0]:.4g} to {losses[1]:.4g}"

    def test_m_shifting_raises_the_score(self) -> None:
        """The second loop of Algorithm 1, for a taste that is known: redness."""
        generator = self._frozen()
        settings = ShiftSettings(
            n=3, steps=self.steps, radius=0.5, learning_rate=self.learning_rate, separation="repulsion", margin=1e-4
        )
        z = generator.project(generator.sample(1, _rng(6)))
        shifted = shift(generator, z, _redness, settings, runtime=Runtime(rng=_rng(6)))
        with torch.no_grad():
            base = _redness(generator(z)).item()
        best = _redness(shifted.images).max().item()
        assert best > base, f"no suggestion scores above the base ({best:.4g} against {base:.4g})"
        assert shifted.shifts.abs().max().item() <= settings.radius, "a shift left its radius"

    def _inverted(self, generator: Generator, photo: Tensor, steps: int) -> float:
        settings = InversionSettings(steps=steps, learning_rate=self.learning_rate)
        inversion = invert(generator, photo, PixelPyramid(), settings, runtime=Runtime(rng=_rng(2)))  # type: ignore[arg-type]
        return (inversion.lpips + inversion.mse).item()

    def _frozen(self) -> Generator:
        return self.build().freeze()

    def _vectors(self, n: int) -> Tensor:
        return self._frozen().sample(n, _rng())


def _rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _redness(images: Tensor) -> Tensor:
    return 10 * (images[:, 0] - images[:, 1]).mean(dim=(1, 2))
