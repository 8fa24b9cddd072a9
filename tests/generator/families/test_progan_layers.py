import pytest
import torch
import torch.nn.functional as F

from gigs.generator.families.progan_layers import DownConv, EqualisedLinear, MinibatchStd, UpConv


@pytest.mark.parametrize("side", [4, 8, 16, 32])
def test_fused_doubling_equals_nearest_then_convolution(side):
    conv = UpConv(5, 7)
    x = torch.randn(2, 5, side, side)
    plain = F.conv2d(F.interpolate(x, scale_factor=2), conv.weight * conv.scale, conv.bias, padding=1)
    torch.testing.assert_close(conv(x), plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("side", [8, 16, 32, 64])
def test_fused_halving_equals_convolution_then_average(side):
    conv = DownConv(5, 7)
    x = torch.randn(2, 5, side, side)
    plain = F.avg_pool2d(F.conv2d(x, conv.weight * conv.scale, conv.bias, padding=1), 2)
    torch.testing.assert_close(conv(x), plain, atol=1e-5, rtol=1e-5)


def test_equalised_linear_keeps_unit_variance():
    layer = EqualisedLinear(400, 300, gain=1)
    out = layer(torch.randn(500, 400))
    assert 0.9 < out.std().item() < 1.1


def test_minibatch_deviation_sees_a_collapsed_batch():
    layer = MinibatchStd()
    same = layer(torch.ones(4, 3, 2, 2))
    varied = layer(torch.randn(4, 3, 2, 2))
    assert same[:, -1].max() < 1e-3 < 0.3 < varied[:, -1].min()
    assert layer(torch.randn(6, 3, 2, 2)).shape == (6, 4, 2, 2)  # a batch that the group size does not divide
