"""The three kinds of opposite SSIM: torchmetrics' and scikit-image's numbers, and what tells them apart."""

from itertools import combinations

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from gigs.errors import InputError
from gigs.metrics.diversity import opposite_ssim_code, opposite_ssim_pairs, opposite_ssim_text


def pictures(n, seed=0, side=32):
    smooth = torch.rand(n, 3, side // 4, side // 4, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(smooth, (side, side), mode="bilinear")


def test_the_texts_is_torchmetrics_ssim_with_wangs_window():
    a, b = pictures(3, 1), pictures(3, 2)
    _, full = structural_similarity_index_measure(
        a.double(), b.double(), gaussian_kernel=True, sigma=1.5, data_range=1.0, return_full_image=True
    )
    inner = full[..., 5:-5, 5:-5]  # torchmetrics also counts the border, where the window sees a mirror
    assert opposite_ssim_text(a, b) == pytest.approx(1 - inner.mean((1, 2, 3)).numpy(), abs=1e-6)


def test_pairs_are_scikit_images_ssim_of_all_pairs():
    images = pictures(4)
    arrays = images.permute(0, 2, 3, 1).double().numpy()
    wanted = [1 - structural_similarity(a, b, channel_axis=-1, data_range=1.0) for a, b in combinations(arrays, 2)]
    assert opposite_ssim_pairs(images) == pytest.approx(wanted)
    assert len(opposite_ssim_pairs(images[:1])) == 0


def test_the_codes_compares_with_the_base_on_the_wrong_range():
    noise = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(6))
    base = pictures(1, 5)
    images = (0.95 * base + 0.05 * noise).clamp(0, 1)
    a, (b, c) = (2 * x.permute(0, 2, 3, 1).double().numpy() - 1 for x in (base, images))
    wanted = [1 - structural_similarity(a[0], other, channel_axis=-1, data_range=1.0) for other in (b, c)]
    assert opposite_ssim_code(base, images) == pytest.approx(wanted)
    right = [1 - structural_similarity(a[0], other, channel_axis=-1, data_range=2.0) for other in (b, c)]
    assert np.all(np.array(wanted) > np.array(right))  # which makes pictures look more diverse


def test_copies_of_one_another_far_from_the_base_are_diverse_only_by_the_code():
    base, copies = pictures(1, 7), pictures(1, 8).repeat(3, 1, 1, 1)
    assert opposite_ssim_pairs(copies) == pytest.approx([0.0] * 3)
    assert opposite_ssim_code(base, copies).min() > 0.1


def test_pictures_that_ssim_cannot_take_are_refused():
    with pytest.raises(InputError, match="11 pixels"):
        opposite_ssim_text(pictures(1, side=8), pictures(1, side=8))
    with pytest.raises(InputError, match="paired"):
        opposite_ssim_text(pictures(1), pictures(2))
