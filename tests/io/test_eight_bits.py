"""Weights in eight bits."""

from __future__ import annotations

import torch

from gigs.io.eight_bits import in_eight_bits, packed, unpacked


def test_eight_bits_are_near_and_what_is_small_or_exact_stays():
    rng = torch.Generator().manual_seed(0)
    tensors = {"kernel": torch.randn(64, 32, 3, 3, generator=rng), "path.rows": torch.randn(64, 96, generator=rng)}
    tensors |= {"bias": torch.randn(8192, generator=rng), "few": torch.randn(8, 8, generator=rng)}
    small = packed(tensors, exact=("path.",))
    again = unpacked(small)
    assert again.keys() == tensors.keys() and small["kernel"].dtype == torch.int8
    for name in ("path.rows", "bias", "few"):
        assert torch.equal(again[name], tensors[name])
    off = (again["kernel"] - tensors["kernel"]).abs().flatten(1).amax(1)
    assert (off <= tensors["kernel"].abs().flatten(1).amax(1) / 254 * 1.001).all() and off.max() > 0
    assert in_eight_bits(small) and not in_eight_bits(tensors)
