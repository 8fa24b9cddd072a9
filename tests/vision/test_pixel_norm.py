"""The written-out derivative against the formula and against numbers."""

import pytest
import torch

from gigs.vision.pixel_norm import PixelNorm


def test_pixelnorm_gives_unit_root_mean_square():
    out = PixelNorm()(torch.randn(3, 16, 4, 4) * 7)
    torch.testing.assert_close(out.square().mean(1), torch.ones(3, 4, 4), atol=1e-4, rtol=1e-4)


def literal_pixel_norm(x):
    return x * torch.rsqrt(x.float().square().mean(dim=1, keepdim=True) + 1e-8).to(x.dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(3, 48, 8, 8), (5, 512)])
def test_pixelnorm_and_its_slope_equal_the_formula(dtype, shape):
    x, gradient = torch.randn(shape) * 300, torch.randn(shape)  # beyond what float16 can square
    expected = literal_pixel_norm(one := x.clone().requires_grad_())
    expected.backward(gradient)
    found = PixelNorm()(other := x.to(dtype).requires_grad_())
    found.backward(gradient.to(dtype))
    near = {"atol": 0, "rtol": 1e-5} if dtype is torch.float32 else {"atol": 0.03, "rtol": 0.02}
    torch.testing.assert_close(found.float(), expected, **near)
    steep = float(one.grad.abs().max())
    torch.testing.assert_close(other.grad.float() / steep, one.grad / steep, atol=max(1e-6, near["atol"]), rtol=0.02)


def test_pixelnorm_passes_the_numerical_check_and_refuses_a_second_derivative():
    x = torch.randn(2, 6, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(PixelNorm(), x)
    (slope,) = torch.autograd.grad(PixelNorm()(x).pow(3).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
