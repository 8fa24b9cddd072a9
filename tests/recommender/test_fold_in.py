from __future__ import annotations

import numpy as np
import pytest
import torch

from gigs.errors import DataError, InputError
from gigs.recommender import DVBPR, ItemPictures, defaults_for, load_recommender, train_recommender
from gigs.recommender.evaluate_fold_in import evaluate_fold_in
from gigs.recommender.features import catalogue_phi
from gigs.recommender.feedback import read_feedback
from gigs.recommender.fold_in import FoldInSettings, fold_in, fold_in_users, is_mean_of_purchases
from tests.recommender.toys import TINY, checkerboard


def trained(kind, users, tmp_path, backbone, **more):
    toy = checkerboard(tmp_path / "catalogue", users=30)
    size = TINY if kind == "dvbpr" else {"factors": 6, "input_size": 64}
    settings = defaults_for(
        kind, users=users, epochs=10, patience=10, batch_size=32, learning_rate=0.01, **size, **more
    )
    items = ItemPictures(toy, backbone=backbone)
    model = load_recommender(train_recommender(items, settings, tmp_path / "model").path)
    return toy, model if kind == "dvbpr" else model.attach(backbone)


def test_where_users_are_their_purchases_fold_in_is_what_training_stored(tmp_path, random_backbone):
    toy, model = trained("vbpr", "purchases", tmp_path, random_backbone)
    assert is_mean_of_purchases(model)
    phi = torch.from_numpy(catalogue_phi(model, toy))
    feedback = read_feedback(toy, user_ids=model.user_ids)
    folded = fold_in_users(model, phi, feedback.train, len(model.user_ids))
    torch.testing.assert_close(folded, model.user_factors, atol=1e-5, rtol=1e-4)
    own = feedback.train[1][feedback.train[0] == 3]
    torch.testing.assert_close(fold_in(model, phi[own]), model.user_factors[3], atol=1e-5, rtol=1e-4)
    model.save(tmp_path / "shared.safetensors", with_users=False)
    assert is_mean_of_purchases(load_recommender(tmp_path / "shared.safetensors"))  # as a pack has it


@pytest.mark.parametrize(("kind", "users"), [("vbpr", "purchases"), ("vbpr", "free"), ("dvbpr", "free")])
def test_strangers_are_known_as_well_as_those_trained_with(kind, users, tmp_path, random_backbone):
    toy, model = trained(kind, users, tmp_path, random_backbone, fold=0)
    found = evaluate_fold_in(model, toy, settings=FoldInSettings(decay=0.01))
    assert found["strangers"] > 0 and found["users"] + found["strangers"] == 30
    assert found["trained"]["value"] > 0.95 and found["strangers_folded"]["value"] > 0.95
    assert (found["largest_difference"] < 1e-4) == (users == "purchases")
    with pytest.raises(DataError, match="reference does not know"):
        evaluate_fold_in(model, toy, reference=model)


def test_a_free_vector_solves_the_objective_of_one_user():
    torch.manual_seed(0)
    model = DVBPR(factors=5, hidden=32, width=0.1, input_size=64).freeze()
    liked, background = torch.randn(3, 5), torch.randn(40, 5)
    theta = fold_in(model, liked, background=background, settings=FoldInSettings(decay=0.05)).double()
    theta.requires_grad_(True)
    differences = (liked[:, None] - background[None]).flatten(0, 1).double()
    loss = -torch.nn.functional.logsigmoid(differences @ theta).mean() + 0.025 * theta.square().sum()
    (gradient,) = torch.autograd.grad(loss, theta)
    assert gradient.norm() < 1e-5
    found = theta.detach().float()
    assert float((liked @ found).mean()) > float((background @ found).mean())
    again = fold_in(model, liked, background=background, settings=FoldInSettings(decay=0.05))
    assert torch.equal(again.double(), theta.detach())


def test_the_visual_bias_is_everybodys(tmp_path, random_backbone):
    toy, model = trained("vbpr", "free", tmp_path, random_backbone)
    phi = torch.from_numpy(catalogue_phi(model, toy))
    theta = fold_in(model, phi[::2][:4], background=phi[1::2])
    assert theta[-1] == 1 and torch.equal(model.user_factors[:, -1], torch.ones(30))


def test_what_cannot_be_folded_in_is_named():
    model = DVBPR(factors=5, hidden=32, width=0.1, input_size=64).freeze()
    phi = torch.randn(4, 5)
    for liked, background, message in (
        (phi[:0], phi, "one row or more"),
        (phi[:, :3], phi, "one row or more of 5"),
        (phi, None, "phi of other items"),
        (phi / 0, phi, "not finite"),
    ):
        with pytest.raises(InputError, match=message):
            fold_in(model, liked, background=background)
    with pytest.raises(InputError, match="no item"):
        fold_in_users(model, phi, (np.array([0, 2]), np.array([1, 1])), 3)
    with pytest.raises(InputError, match="above 0"):
        FoldInSettings(decay=0.0)
