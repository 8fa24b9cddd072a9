"""Memory that runs out, devices that are not there, and the same seed twice. Rows 32 and 35."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gigs.audience import Audience
from gigs.cli import app as app_module
from gigs.errors import InputError, is_out_of_memory
from gigs.method import out_of_memory as fallback
from gigs.method.models import Models
from gigs.method.pipeline import suggest
from gigs.method.presets import get_preset
from gigs.method.product import Product
from gigs.recommender.features import pixel_phi
from gigs.vision.compute import Compute, in_batches, pick_device
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime
from tests.helpers.command_line import gigs
from tests.helpers.small_models import small_encoder, small_generator, small_recommender

FULL = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes"),
    RuntimeError("MPS backend out of memory"),
    MemoryError(),
]


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    yield torch.set_num_threads(1)
    torch.set_num_threads(before)


@pytest.mark.parametrize("error", FULL, ids=str)
def test_a_batch_that_does_not_fit_is_halved(error):
    """Row 32."""
    seen, tried = [], []

    def run(start, stop):
        tried.append(stop - start)
        if stop - start > 3:
            raise error
        seen.extend(range(start, stop))

    in_batches(20, 16, run)
    assert seen == list(range(20)) and tried[:4] == [16, 8, 4, 2] and max(tried[4:]) == 2
    with pytest.raises(InputError, match="out of memory"):
        in_batches(2, 2, lambda start, stop: (_ for _ in ()).throw(error))
    assert is_out_of_memory(error) and not is_out_of_memory(RuntimeError("shapes do not match"))
    with pytest.raises(ZeroDivisionError):
        in_batches(2, 2, lambda start, stop: 1 // 0)


def test_features_are_the_same_in_smaller_batches(monkeypatch):
    """Rows 32 and 35: batch 1 against N."""
    model = small_recommender()
    pictures = np.random.default_rng(0).integers(0, 256, (9, 64, 64, 3), dtype=np.uint8)
    whole = pixel_phi(model, pictures, np.arange(9))
    plain = model.features

    def narrow(images):
        if len(images) > 2:
            raise FULL[0]
        return plain(images)

    monkeypatch.setattr(model, "features", narrow)
    np.testing.assert_allclose(pixel_phi(model, pictures, np.arange(9)), whole, rtol=1e-4, atol=1e-5)


@pytest.fixture
def shop(perceptual):
    return shop_with(perceptual)


@pytest.fixture
def whole_shop():
    """With LPIPS itself."""
    return shop_with(PerceptualLoss("alex"))


def shop_with(perceptual):
    recommender = small_recommender()
    models = Models(small_generator(), recommender, perceptual, small_encoder())
    audience = Audience("everyone", 60, recommender.user_factors.mean(0).detach())
    photo = models.generator(models.generator.sample(1, torch.Generator().manual_seed(8)))
    return models, photo, audience


def test_a_device_that_is_full_gives_way_to_the_processor(shop, monkeypatch):
    """Row 32: the same result, in fp32 on the CPU, and a word about it."""
    models, photo, audience = shop
    preset = get_preset("fast", n=2, steps=2)
    expected = suggest(models, Product(photo=photo), audience, preset)
    placed = []
    monkeypatch.setattr(Models, "placed", lambda self, compute: placed.append(compute.device) or self)

    def tight(models, runtime):
        if runtime.compute.device != "cpu":
            raise FULL[0]
        return suggest(models, Product(photo=photo), audience, preset, runtime=runtime)

    with pytest.warns(UserWarning, match="cuda:0: out of memory; this photo is done on the CPU"):
        found = fallback.within_memory(tight, models, Runtime(compute=Compute(device="cuda:0")))
    assert placed == ["cpu", "cuda:0"]
    assert torch.equal(found.shifted.images, expected.shifted.images)


def test_a_processor_that_is_full_is_one_line():
    """Row 32."""

    def full(models, runtime):
        raise FULL[1]

    with pytest.raises(InputError, match=r"out of memory; ask for fewer redesigns \(`n`\)"):
        fallback.within_memory(full, None, Runtime())


def test_memory_that_runs_out_anywhere_else_is_one_line_too(monkeypatch):
    """Row 32."""
    for error in FULL:
        monkeypatch.setattr(app_module, "app", lambda error=error: (_ for _ in ()).throw(error))
        told = gigs("audiences")
        assert told.returncode == 2 and told.stderr.startswith("gigs: out of memory")
        assert len(told.stderr.strip().splitlines()) == 1
    monkeypatch.setattr(app_module, "app", lambda: (_ for _ in ()).throw(RuntimeError("a bug")))
    with pytest.raises(RuntimeError, match="a bug"):
        gigs("audiences")


def test_a_device_that_is_not_there_is_named(monkeypatch):
    """Row 32: missing CUDA."""
    with pytest.raises(InputError, match="not available here; try cpu"):
        pick_device("cuda:9")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device("auto") == "cpu"


@pytest.mark.weights
@pytest.mark.parametrize("name", ["fast", "faithful"])
def test_the_same_seed_gives_the_same_bytes(whole_shop, one_thread, name):
    """Row 35: on the CPU in fp32."""
    models, photo, audience = whole_shop
    preset = get_preset(name, n=2, steps=2)
    first, again, other = (
        suggest(models, Product(photo=photo), audience, preset, runtime=Runtime(seed=seed)) for seed in (3, 3, 4)
    )
    assert torch.equal(first.shifted.images, again.shifted.images) and torch.equal(first.scores, again.scores)
    assert not torch.equal(first.shifted.images, other.shifted.images)


@pytest.mark.weights
@pytest.mark.parametrize(("name", "steps"), [("fast", 3), ("faithful", 3), ("paper-text", 1)])
def test_two_threads_give_what_one_gives_within_tolerance(whole_shop, one_thread, name, steps):
    """Row 32. Few steps, since what differs by rounding grows: sign-gradients turn over where one is near zero, and the
    paper's predictor, learning at Adam's .01 with batch statistics of n pictures, enlarges it a thousandfold a step.
    """
    models, photo, audience = whole_shop
    preset = get_preset(name, n=2, steps=steps)
    one = suggest(models, Product(photo=photo), audience, preset)
    torch.set_num_threads(2)
    two = suggest(models, Product(photo=photo), audience, preset)
    torch.testing.assert_close(two.shifted.images, one.shifted.images, atol=1e-4, rtol=0)
    torch.testing.assert_close(two.scores, one.scores, atol=1e-5, rtol=1e-4)


def test_a_row_is_the_same_alone_and_among_others(shop):
    """Row 35: batch 1 against N."""
    models, _, _ = shop
    z = models.generator.sample(5, torch.Generator().manual_seed(0))
    pictures = models.generator(z)
    alone = torch.cat([models.generator(row[None]) for row in z])
    torch.testing.assert_close(alone, pictures, atol=1e-5, rtol=1e-4)
    codes = models.encoder(pictures)
    torch.testing.assert_close(torch.cat([models.encoder(row[None]) for row in pictures]), codes, atol=1e-4, rtol=1e-3)
