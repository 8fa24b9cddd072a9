"""The smallest shops: a result, or a sentence that says what is missing; never a traceback."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from gigs.errors import DataError
from gigs.recommender import ItemPictures, defaults_for, load_recommender, train_recommender
from gigs.recommender.standing import NEVER
from gigs.recommender.train.learner import require_differences
from tests.recommender.toys import ToyCatalogue, checkerboard

GREY = 128


def small_shop(root, users: int, items: int) -> ToyCatalogue:
    """Every user has all items but one, all of them for training."""
    toy = checkerboard(root, users=users, items=items)
    rows = [(user, item, 1, "train") for user, item in product(range(users), range(items)) if (user - item) % items]
    toy.interactions = pd.DataFrame(rows, columns=["user", "item", "count", "split"])
    return toy


def trained(toy, out, backbone, **changes):
    settings = defaults_for("vbpr", **({"input_size": 64, "epochs": 2} | changes))
    return train_recommender(ItemPictures(toy, backbone=backbone), settings, out)


@pytest.mark.parametrize("users", ["purchases", "free"])
@pytest.mark.parametrize(("people", "items"), [(3, 3), (2, 4), (3, 4)])
def test_a_few_users_and_items_are_trained_on_and_doubted(people, items, users, tmp_path, random_backbone) -> None:
    done = trained(small_shop(tmp_path / "shop", people, items), tmp_path / "run", random_backbone, users=users)
    model = load_recommender(done.path)
    assert bool(model.user_factors.isfinite().all()) and done.doubt == NEVER


@pytest.mark.parametrize("users", ["purchases", "free"])
def test_pictures_of_one_colour_are_refused_as_alike(users, tmp_path, random_backbone) -> None:
    toy = checkerboard(tmp_path / "shop", users=20, items=40)
    toy.pictures[:] = GREY
    with pytest.raises(DataError, match=r"pictures of all 40 items.*look the same.*gigs data check"):
        trained(toy, tmp_path / "run", random_backbone, users=users)


def test_flat_pictures_of_two_colours_are_learned_from(tmp_path, random_backbone) -> None:
    toy = checkerboard(tmp_path / "shop", users=20, items=40)
    toy.pictures[:] = GREY
    toy.pictures[::2] = (200, 60, 40)
    done = trained(toy, tmp_path / "run", random_backbone)
    assert done.metrics["test-all"]["model"]["overall"]["auc"]["value"] > 0.7  # items of a colour are ties


def test_everything_bought_by_everybody_is_refused(tmp_path, random_backbone) -> None:
    toy = small_shop(tmp_path / "shop", 3, 3)
    every = [(user, item, 1, "train") for user, item in product(range(3), range(3))]
    toy.interactions = pd.DataFrame(every, columns=["user", "item", "count", "split"])
    with pytest.raises(DataError, match="each user has every item; import more items"):
        trained(toy, tmp_path / "run", random_backbone)


def test_rounding_is_no_difference() -> None:
    raw = np.full((5, 8), 3.0, dtype=np.float32)
    raw += np.random.default_rng(0).normal(0, 1e-5, raw.shape).astype(np.float32)
    with pytest.raises(DataError, match="look the same"):
        require_differences(raw)
    raw[2, 3] += 0.01
    require_differences(raw)
