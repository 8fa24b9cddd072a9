"""LPIPS: the numbers of the package lpips, from a target computed once, with a gradient to the images only."""

import copy
import warnings

import lpips
import pytest
import torch

from gigs.errors import InputError
from gigs.io.weights import fetch
from gigs.vision import lpips as perceptual
from gigs.vision.lpips import PerceptualLoss

FEATURES = {"alex": "alexnet-features", "vgg": "vgg16-features"}


def images(n, size=64, *, seed=0, height=None):
    """Smooth random images: noise has too little structure to tell a wrong network from a right one."""
    rng = torch.Generator().manual_seed(seed)
    small = torch.rand(n, 3, 8, 8, generator=rng)
    return torch.nn.functional.interpolate(small, (height or size, size), mode="bilinear").clamp(0, 1)


def reference(net):
    """The package's own network and forward pass, with weights loaded its own way wherever it can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)  # pretrained linear layers, random trunk
    convolutions = fetch(FEATURES[net])
    names = model.net.state_dict()
    model.net.load_state_dict({name: convolutions[f"features.{name.split('.', 1)[1]}"] for name in names})
    return model


@pytest.fixture
def random_weights(monkeypatch):
    """Weights drawn at random, for what does not depend on them."""
    convolutions = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}

    def fetched(name):
        rng = torch.Generator().manual_seed(1)
        if name == "lpips-alex":
            widths = [out for out, _, _ in convolutions.values()]
            return {f"lin{k}.model.1.weight": torch.rand(1, w, 1, 1, generator=rng) for k, w in enumerate(widths)}
        assert name == "alexnet-features"
        tensors = {}
        for n, (out, inputs, side) in convolutions.items():
            kernel = torch.randn(out, inputs, side, side, generator=rng) / (inputs * side**2) ** 0.5
            tensors |= {f"features.{n}.weight": kernel, f"features.{n}.bias": torch.zeros(out)}
        return tensors

    monkeypatch.setattr(perceptual, "fetch", fetched)


@pytest.fixture
def loss(random_weights):
    return PerceptualLoss("alex")


# --- without real weights ----------------------------------------------------------------------------------------


def test_a_cached_target_gives_what_the_direct_comparison_gives(loss):
    a, b = images(3), images(3, seed=1)
    torch.testing.assert_close(loss.distance_to(loss.target(a), b), loss(a, b))
    assert (loss(a, b) > 1e-3).all()


def test_one_target_is_compared_with_every_image(loss):
    a, b = images(1), images(4, seed=1)
    expected = torch.cat([loss(a, image[None]) for image in b])
    torch.testing.assert_close(loss.distance_to(loss.target(a), b), expected)
    torch.testing.assert_close(loss(a, b), expected)
    torch.testing.assert_close(loss(b, a), expected)


def test_an_image_does_not_see_its_neighbours_in_the_batch(loss):
    a, b = images(4), images(4, seed=1)
    together = loss(a, b)
    torch.testing.assert_close(together, torch.cat([loss(a[i : i + 1], b[i : i + 1]) for i in range(4)]))
    torch.testing.assert_close(loss(a.flip(0), b.flip(0)), together.flip(0))


def test_equal_images_are_at_distance_zero(loss):
    assert loss(images(2), images(2)).tolist() == [0, 0]


def test_the_gradient_reaches_the_images_and_nothing_else(loss):
    a, b = images(2).requires_grad_(), images(2, seed=1).requires_grad_()
    loss(a, b).sum().backward()
    for image in (a, b):
        assert image.grad.isfinite().all()
        assert (image.grad.flatten(1).abs().sum(1) > 0).all()
    assert all(not parameter.requires_grad and parameter.grad is None for parameter in loss.parameters())


def test_a_target_carries_no_gradient(loss):
    a = images(1).requires_grad_()
    assert not any(features.requires_grad for features in loss.target(a))


def test_the_gradient_points_downhill(loss):
    target, b = loss.target(images(1)), images(1, seed=1).requires_grad_()
    before = loss.distance_to(target, b)
    (gradient,) = torch.autograd.grad(before.sum(), b)
    after = loss.distance_to(target, (b - 0.1 * gradient / gradient.abs().max()).clamp(0, 1))
    assert after.item() < before.item() - 1e-4


@pytest.mark.parametrize("shade", [0.0, 0.5, 1.0])
def test_a_flat_image_has_a_finite_gradient(loss, shade):
    flat = torch.full((1, 3, 64, 64), shade, requires_grad=True)
    loss(images(1), flat).sum().backward()
    assert flat.grad.isfinite().all()


def test_normalising_nothing_has_a_finite_gradient():
    nothing = torch.zeros(1, 4, 2, 2, requires_grad=True)
    perceptual._normalise(nothing).sum().backward()
    assert nothing.grad.isfinite().all()


def test_it_stays_in_eval_mode_and_is_repeatable(loss):
    outer = torch.nn.Sequential(loss).train()
    assert not any(module.training for module in outer[0].modules())
    a, b = images(1), images(1, seed=1)
    assert torch.equal(loss(a, b), loss(a, b))
    assert torch.equal(copy.deepcopy(loss)(a, b), loss(a, b))


def test_building_it_draws_no_random_numbers_and_says_nothing(random_weights, capfd, recwarn):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    PerceptualLoss("alex")
    assert torch.equal(torch.rand(4), expected)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_autocast_callers_get_float32_of_nearly_the_same_value(loss):
    a, b = images(2), images(2, seed=1).requires_grad_()
    plain = loss(a, b)
    with torch.autocast("cpu", torch.bfloat16):
        target = loss.target(a)
        mixed = loss.distance_to(target, b.bfloat16())
    assert {features.dtype for features in target} == {torch.float32}
    assert mixed.dtype == torch.float32
    torch.testing.assert_close(mixed, plain, rtol=0.05, atol=0.001)
    mixed.sum().backward()
    assert b.grad.isfinite().all()


@pytest.mark.parametrize("size", [32, 48, 64, 100])
def test_sizes(loss, size):
    assert loss(images(2, size), images(2, size, seed=1)).shape == (2,)


def test_smaller_images_are_enlarged_to_the_least_size(loss):
    a, b = images(1, 16, height=24), images(1, 16, height=24, seed=1)
    big_a, big_b = (torch.nn.functional.interpolate(x, (48, 32), mode="bilinear") for x in (a, b))
    torch.testing.assert_close(loss(a, b), loss(big_a, big_b))


def test_min_size_is_an_option(random_weights):
    a, b = images(1, 32), images(1, 32, seed=1)
    big_a, big_b = (torch.nn.functional.interpolate(x, 64, mode="bilinear") for x in (a, b))
    plain, enlarging = PerceptualLoss("alex"), PerceptualLoss("alex", min_size=64)
    torch.testing.assert_close(enlarging(a, b), plain(big_a, big_b))
    assert not torch.allclose(plain(a, b), enlarging(a, b), rtol=1e-3)
    with pytest.raises(InputError, match="min_size"):
        PerceptualLoss("alex", min_size=16)


@pytest.mark.parametrize(
    "change", [lambda x: x * 2 - 1, lambda x: x * 255, lambda x: x + 0.01, lambda x: x * torch.nan]
)
def test_another_range_is_refused(loss, change):
    wrong = change(images(1) * 0.98 + 0.02)
    wrong[0, 0, 0, 0] = change(torch.tensor(1.0))
    for call in (loss.target, lambda x: loss(images(1), x)):
        with pytest.raises(InputError, match=r"\[0,1\]"):
            call(wrong)


def test_rounding_beyond_the_range_is_accepted(loss):
    a = images(1) * 0 + 1.00001
    assert loss(a, a - 1.00002).isfinite().all()


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 1, 64, 64), (1, 64, 64, 3), (0, 3, 64, 64)])
def test_another_shape_is_refused(loss, shape):
    with pytest.raises(InputError, match="N,3,H,W"):
        loss.target(torch.zeros(shape))


def test_whole_numbers_are_refused(loss):
    with pytest.raises(InputError, match="uint8"):
        loss.target(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))


def test_a_target_of_another_size_or_number_is_refused(loss):
    with pytest.raises(InputError, match="size"):
        loss.distance_to(loss.target(images(1, 64)), images(1, 96))
    with pytest.raises(InputError, match="number"):
        loss.distance_to(loss.target(images(2)), images(3))
    with pytest.raises(InputError, match="layers"):
        loss.distance_to(loss.target(images(1))[:-1], images(1))


def test_an_unknown_network_is_refused():
    with pytest.raises(InputError, match="vgg or alex"):
        PerceptualLoss("squeeze")


# --- with the real weights ---------------------------------------------------------------------------------------


@pytest.mark.weights
@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_the_numbers_are_those_of_lpips(net):
    loss, expected = PerceptualLoss(net), reference(net)
    for size in (32, 64, 100):
        a, b = images(2, size).requires_grad_(), images(2, size, seed=1)
        ours, theirs = loss(a, b), expected(2 * a - 1, 2 * b - 1).flatten()
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
        gradients = [torch.autograd.grad(distance.sum(), a)[0] for distance in (ours, theirs)]
        torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-3)
        assert theirs.min() > 0.05


@pytest.mark.weights
def test_vgg_gives_the_published_example():
    # torchmetrics 0.10 prints 0.3493 for uniform noise of seed 123, drawn after the network: spend what it spent.
    import torchvision

    loss = PerceptualLoss("vgg")
    torch.manual_seed(123)
    torchvision.models.vgg16(weights=None, init_weights=False)
    for channels in (64, 128, 256, 512, 512):
        torch.nn.Conv2d(channels, 1, 1, bias=False)
    a, b = torch.rand(10, 3, 100, 100), torch.rand(10, 3, 100, 100)
    with torch.no_grad():
        assert loss(a, b).mean().item() == pytest.approx(0.3493, abs=6e-5)


@pytest.mark.weights
def test_the_order_of_likeness_is_a_persons():
    from skimage import data

    loss = PerceptualLoss("alex")
    cat, coffee = (
        torch.from_numpy(x[:300, :400].copy()).permute(2, 0, 1)[None] / 255 for x in (data.chelsea(), data.coffee())
    )
    dimmed = cat * 0.9
    blurred = torch.nn.functional.interpolate(torch.nn.functional.avg_pool2d(cat, 8), (300, 400), mode="bilinear")
    near, middle, far = (loss(cat, other[..., :300, :400]).item() for other in (dimmed, blurred, coffee))
    assert near < 0.1 < middle < far


def test_pairwise_is_every_pair(loss):
    batch = images(4)
    first, second = torch.triu_indices(4, 4, 1)
    torch.testing.assert_close(loss.pairwise(batch), loss(batch[first], batch[second]))
    assert loss.pairwise(batch[:1]).shape == (0,)


def test_weights_cast_once_give_what_autocast_gives_at_every_call(loss):
    target = loss.target(images(2))
    drawn = images(2, seed=1).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        kept = loss.distance_to(target, drawn).sum()
        trunk, loss._trunk = loss._trunk, lambda device: loss._model.net
        cast = loss.distance_to(target, drawn).sum()
    loss._trunk = trunk
    assert torch.equal(kept, cast) and kept.item() > 0
    assert torch.equal(*(torch.autograd.grad(total, drawn)[0] for total in (kept, cast)))
    assert loss.distance_to(target, drawn).sum().item() != kept.item()  # fp32 is fp32 again
