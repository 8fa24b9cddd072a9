from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.generator.latent import sample_normal, standardise
from gigs.method.redesign import background_change
from gigs.shifting.supported import (
    GOOD,
    REFUSED,
    LikedItems,
    SupportSettings,
    aims_of,
    farthest_first,
    supported_shift,
    towards,
)
from tests.helpers.small_models import small_generator


def items(count: int = 60, dim: int = 32) -> tuple[Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(3)
    return sample_normal(1, dim, rng), sample_normal(count, dim, rng), torch.randn(count, generator=rng)


def everything(images: Tensor) -> Tensor:
    return torch.full((len(images),), GOOD)


def test_every_redesign_lies_on_the_way_to_liked_neighbours() -> None:
    z, codes, liking = items()
    settings = SupportSettings(n=4, neighbours=30, liked=6, cluster=1, reach=0.5)
    found = supported_shift(small_generator(), z, LikedItems(codes, liking), settings, grade=everything)
    near = torch.cdist(z, codes)[0].topk(30, largest=False).indices
    best = near[liking[near].topk(6).indices]
    for latent in z + found.shifted.shifts:
        assert any(torch.allclose(latent, standardise(z + 0.5 * (codes[row] - z))[0], atol=1e-5) for row in best)
    assert found.dropped == 0 and found.shifted.images.shape == (4, 3, 32, 32)
    torch.testing.assert_close(found.shifted.images, small_generator()(z + found.shifted.shifts), atol=1e-5, rtol=1e-4)


def test_what_is_not_accepted_is_tried_less_far_and_then_replaced() -> None:
    z, codes, liking = items()
    settings = SupportSettings(n=3, neighbours=30, liked=12, cluster=2)
    calls: list[int] = []

    def second_time(images: Tensor) -> Tensor:
        calls.append(len(images))
        return torch.full((len(images),), GOOD if len(calls) == 2 else REFUSED)

    found = supported_shift(small_generator(), z, LikedItems(codes, liking), settings, grade=second_time)
    assert calls == [6, 6] and found.dropped == 3  # each of the three was refused once on the way
    whole = supported_shift(small_generator(), z, LikedItems(codes, liking), settings, grade=everything)
    assert (found.shifted.shifts.norm(dim=1) < whole.shifted.shifts.norm(dim=1)).all()

    first = iter([torch.tensor([REFUSED, GOOD, REFUSED, GOOD, GOOD, GOOD])])

    def some(images: Tensor) -> Tensor:
        return next(first, torch.full((len(images),), REFUSED))

    found = supported_shift(small_generator(), z, LikedItems(codes, liking), settings, grade=some)
    aims = aims_of(z, LikedItems(codes, liking), settings, 6)
    torch.testing.assert_close(found.shifted.shifts + z, standardise(z + 0.8 * (aims[[1, 3, 4]] - z)))


def test_the_number_is_filled_by_the_best_of_the_rest() -> None:
    z, codes, liking = items()
    settings = SupportSettings(n=3, neighbours=30, liked=12, cluster=2)
    kinds = iter([torch.tensor([0, 0, 1, 0, 2, 0]), torch.tensor([0, 1, 0, 0, 0]), torch.zeros(5, dtype=torch.long)])

    def grade(images: Tensor) -> Tensor:
        return next(kinds, torch.zeros(len(images), dtype=torch.long))

    found = supported_shift(small_generator(), z, LikedItems(codes, liking), settings, grade=grade)
    aims = aims_of(z, LikedItems(codes, liking), settings, 6)
    expected = torch.cat([standardise(z + 0.8 * s * (aims[[aim]] - z)) for aim, s in ((4, 1), (1, 0.6), (2, 1))])
    torch.testing.assert_close(found.shifted.shifts + z, expected)
    assert found.dropped == 20  # five aims that were never good, four lengths each


def test_a_single_real_item_is_enough_and_none_is_not() -> None:
    z, codes, liking = items()
    found = supported_shift(
        small_generator(), z, LikedItems(codes[:1], liking[:1]), SupportSettings(n=2), grade=everything
    )
    assert len(found.shifted.images) == 2
    with pytest.raises(InputError, match="paper-text"):
        supported_shift(small_generator(), z, LikedItems(codes[:0], liking[:0]), SupportSettings(), grade=everything)


def test_farthest_first_spreads_out() -> None:
    points = torch.tensor([[0.0, 0], [0.1, 0], [5, 0], [0, 3], [5, 0.1]])
    assert farthest_first(points, 3).tolist() == [0, 4, 3]


def test_impossible_settings_are_refused() -> None:
    for wrong in ({"n": 0}, {"reach": 0}, {"reach": 1.5}, {"liked": 50, "neighbours": 10}, {"margin": 0}):
        with pytest.raises(InputError):
            SupportSettings(**wrong)


def test_only_the_frame_counts_as_background() -> None:
    base = torch.full((1, 3, 24, 24), 0.9)
    product, backdrop = base.clone(), base.clone()
    product[..., 6:18, 6:18] = 0.1
    backdrop[..., :2, :] = 0.5
    assert background_change(torch.cat([base, product]), base).tolist() == [0, 0]
    assert float(background_change(backdrop, base)) > 0.05


def test_a_point_on_the_way_to_a_mean_is_as_long_as_real_items_are():
    rng = torch.Generator().manual_seed(0)
    z, codes = torch.randn(1, 256, generator=rng), 1.2 * torch.randn(400, 256, generator=rng)
    aims = codes.view(50, 8, 256).mean(1)
    length = towards(z, aims, codes, 0.8).square().mean(1).sqrt()
    assert aims.square().mean(1).sqrt().mean() < 0.5  # means are short
    torch.testing.assert_close(
        length, torch.full_like(length, 0.2 * float(z.square().mean().sqrt()) + 0.8 * 1.2), atol=0.02, rtol=0
    )
    torch.testing.assert_close(towards(z, aims, codes, 0.0), z.expand_as(aims))
