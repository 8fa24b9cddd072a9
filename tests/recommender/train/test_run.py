from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.recommender import (
    ItemPictures,
    RankingSettings,
    defaults_for,
    evaluate_recommender,
    load_recommender,
    recommend,
    train_recommender,
)
from gigs.recommender.features import backbone_features, catalogue_phi, pixel_phi
from gigs.recommender.feedback import read_feedback
from gigs.recommender.item_pictures import View
from gigs.recommender.train import loop as fit_module
from gigs.recommender.train.learner import Learner
from gigs.recommender.train.run import build_learner
from tests.recommender.toys import TINY, checkerboard

NAME, PREVIOUS = "checkpoint.pt", "checkpoint.previous.pt"


def quick(kind, **changes):
    """Settings for a few seconds; `vbpr-free` is VBPR with a vector for every user."""
    if kind == "vbpr-free":
        return quick("vbpr", users="free", **changes)
    usual = {"vbpr": {"factors": 6, "input_size": 64, "epochs": 12, "batch_size": 32, "learning_rate": 0.01},
             "dvbpr": TINY | {"epochs": 12, "batch_size": 32, "learning_rate": 0.003, "theta_decay": 0.01}}  # fmt: skip
    return defaults_for(kind, **(usual[kind] | {"patience": 12} | changes))


@pytest.mark.parametrize("kind", ["vbpr", "vbpr-free", "dvbpr"])
def test_checkerboard_buyers_get_the_withheld_item(kind, toy, tmp_path, random_backbone):
    trained = train_recommender(ItemPictures(toy, backbone=random_backbone), quick(kind), tmp_path / kind)
    assert trained.metrics["test-all"]["model"]["overall"]["auc"]["value"] > 0.99
    model = load_recommender(trained.path)
    if kind != "dvbpr":
        model.attach(random_backbone)
    withheld = toy.interactions[(toy.interactions["user"] == 4) & (toy.interactions["split"] == "test")]["item"].item()
    toy.interactions = toy.interactions[toy.interactions["split"] != "test"]
    table = recommend(model, toy, "u4", top=3)
    assert table["item"].iloc[0] == withheld and table["rank"].tolist() == [1, 2, 3]
    assert not set(table["item"]) & set(toy.interactions.loc[toy.interactions["user"] == 4, "item"])
    assert model.about["scores"]["test-all"]["model"]["overall"]["auc"]["n"] == 20


@pytest.mark.parametrize("kind", ["vbpr", "vbpr-free", "dvbpr"])
def test_resumed_is_uninterrupted(kind, toy, tmp_path, random_backbone):
    items = ItemPictures(toy, backbone=random_backbone)
    whole = train_recommender(items, quick(kind, epochs=4), tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop(step):
        if step.stage == "recommender" and step.done == 2:
            raise Stop

    with pytest.raises(Stop):
        train_recommender(items, quick(kind, epochs=4), tmp_path / "parts", on_step=stop)
    torch.manual_seed(12345)  # the caller's generator must not matter
    parts = train_recommender(items, quick(kind, epochs=4), tmp_path / "parts", resume=True)
    assert parts.metrics == whole.metrics
    states = [torch.load(tmp_path / name / NAME, weights_only=True) for name in ("whole", "parts")]
    assert states[0]["progress"] == states[1]["progress"]
    for name, tensor in states[0]["model"].items():
        assert torch.equal(tensor, states[1]["model"][name])
    assert whole.path.read_bytes() == parts.path.read_bytes()
    log = pd.read_csv(tmp_path / "parts" / "training.csv")
    assert log["epoch"].tolist() == [1, 2, 3, 4] and log["loss"].notna().all()


@pytest.mark.parametrize("kind", ["vbpr", "vbpr-free", "dvbpr"])
def test_every_parameter_gets_a_gradient(kind, toy, random_backbone):
    settings = quick(kind)
    feedback = read_feedback(toy)
    learner = build_learner(toy, settings, feedback, backbone=random_backbone)
    learner.settings = quick(kind, theta_decay=0.0, network_decay=0.0)  # the loss itself, not the decay
    users, items = feedback.train
    learner.loss((users, items, (items + 1) % 24), np.random.default_rng(0)).backward()
    trained = {name: parameter for name, parameter in learner.model.named_parameters() if parameter.requires_grad}
    assert ("theta" in trained) == (kind != "vbpr")  # by default VBPR's users follow from what they bought
    for name, parameter in trained.items():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_pixels_and_cache_agree(toy, tmp_path, random_backbone):
    trained = train_recommender(ItemPictures(toy, backbone=random_backbone), quick("vbpr", epochs=2), tmp_path / "m")
    model = load_recommender(trained.path).attach(random_backbone)
    cached = catalogue_phi(model, toy)
    fresh = pixel_phi(model, toy.images(64), np.arange(24))
    assert np.allclose(cached, fresh, atol=1e-4 * np.abs(cached).max())


def test_cache_is_used_while_pictures_stay_and_made_again_when_they_change(toy, random_backbone):
    steps = []
    options = {"image_size": 64, "input_size": 64, "on_step": steps.append}
    first = np.array(backbone_features(toy, random_backbone, **options))
    assert steps[-1].done == steps[-1].total == 24
    steps.clear()
    assert np.array_equal(backbone_features(toy, random_backbone, **options), first) and not steps
    toy.pictures[0] = 255 - toy.pictures[0]
    changed = backbone_features(toy, random_backbone, **options)
    assert steps and not np.array_equal(changed[0], first[0]) and np.array_equal(changed[1], first[1])


def test_items_without_a_picture_are_left_out_and_counted(toy, tmp_path):
    toy.items.loc[7, "has_image"] = False
    trained = train_recommender(toy, quick("dvbpr", epochs=1), tmp_path / "m")
    assert trained.metrics["test-all"]["dropped"]["interactions_without_picture"] == 10
    assert "0007" not in recommend(load_recommender(trained.path), toy, "u0", top=24)["item_id"].tolist()


def test_extra_views_are_learned_from(toy, tmp_path):
    negative = 255 - toy.pictures
    view = View(negative, np.ones(len(negative), dtype=bool))
    settings = quick("dvbpr", epochs=15, patience=15, network_decay=1e-4)
    model = load_recommender(train_recommender(ItemPictures(toy, [view]), settings, tmp_path / "m").path)
    scores = pixel_phi(model, negative, np.arange(24)) @ model.user_factors[0].numpy()
    assert scores[::2].mean() > scores[1::2].mean()  # an even user likes even items in their second guise too
    with pytest.raises(InputError, match="extra view"):
        train_recommender(ItemPictures(toy, [View(negative[:5], np.ones(5, bool))]), settings, tmp_path / "x")


def test_another_view_moves_no_score_on_the_whole_once_it_was_learned_from(toy, tmp_path, random_backbone):
    tinted = (toy.pictures * np.array([0.4, 0.6, 1.0])).astype(np.uint8)
    view = View(tinted, np.ones(len(tinted), dtype=bool))
    shifts = {}
    for name, views in (("photos alone", []), ("both", [view])):
        settings = quick("vbpr", epochs=15, patience=15, network_decay=1e-4)
        trained = train_recommender(ItemPictures(toy, views, random_backbone), settings, tmp_path / name)
        model = load_recommender(trained.path)
        model.attach(random_backbone)
        phi = [pixel_phi(model, pictures, np.arange(24)) for pictures in (toy.pictures, tinted)]
        scores = [part @ model.user_factors.numpy().T for part in phi]
        shifts[name] = (scores[1] - scores[0]).mean(0) / scores[0].std(0)
    assert np.abs(shifts["photos alone"]).mean() > 0.1
    assert np.abs(shifts["both"]).mean() < 0.3 * np.abs(shifts["photos alone"]).mean()


def test_evaluate_recommender_reports_every_candidate_set(toy, tmp_path):
    trained = train_recommender(toy, quick("dvbpr", epochs=1), tmp_path / "m")
    model = load_recommender(trained.path)
    for candidates in ("all", "bought", "within"):
        report = evaluate_recommender(model, toy, RankingSettings(candidates=candidates))
        assert report == {"kind": "dvbpr", **trained.metrics[f"test-{candidates}"]}


def test_negatives_of_a_kind_reach_the_training(toy, monkeypatch):
    toy.items["section"] = ["even" if item % 2 == 0 else "odd" for item in range(24)]
    for within in (0.0, 1.0):
        sampler = fit_module._sampler(read_feedback(toy), quick("vbpr", within=within))
        _, positives, negatives = sampler.sample(500, np.random.default_rng(0))
        assert (positives % 2 == negatives % 2).mean() == pytest.approx(within, abs=0.3)


def test_nan_loss_steps_back_with_a_lower_rate(toy, tmp_path, monkeypatch):
    plain = Learner.loss
    failures = [True, True]

    def fail_sometimes(self, triplets, rng):
        loss = plain(self, triplets, rng)
        return loss * float("nan") if failures and failures.pop() else loss

    monkeypatch.setattr(Learner, "loss", fail_sometimes)
    train_recommender(toy, quick("dvbpr", epochs=2), tmp_path / "m")
    log = pd.read_csv(tmp_path / "m" / "training.csv")
    assert log["learning_rate"].tolist() == pytest.approx([0.003 / 4] * 2)
    monkeypatch.setattr(Learner, "loss", lambda self, t, rng: plain(self, t, rng) * float("nan"))
    with pytest.raises(ModelError, match="lower `learning_rate`"):
        train_recommender(toy, quick("dvbpr", epochs=2), tmp_path / "n")


def test_damaged_checkpoint_falls_back_to_the_one_before(toy, tmp_path):
    folder = tmp_path / "m"
    train_recommender(toy, quick("dvbpr", epochs=3), folder)
    whole = train_recommender(toy, quick("dvbpr", epochs=4), tmp_path / "whole")
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:1000])
    with pytest.warns(UserWarning, match="damaged"):
        resumed = train_recommender(toy, quick("dvbpr", epochs=4), folder, resume=True)
    assert resumed.metrics == whole.metrics
    for name in (NAME, PREVIOUS):
        (folder / name).write_bytes(b"nothing")
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(ModelError, match="every checkpoint is damaged"):
        train_recommender(toy, quick("dvbpr", epochs=4), folder, resume=True)


def test_checkpoint_of_other_settings_or_data_is_refused(toy, tmp_path):
    train_recommender(toy, quick("dvbpr", epochs=1), tmp_path / "m")
    with pytest.raises(InputError, match="other settings"):
        train_recommender(toy, quick("dvbpr", epochs=1, seed=7), tmp_path / "m", resume=True)
    with pytest.raises(InputError, match="another catalogue"):
        train_recommender(checkerboard(tmp_path, users=22), quick("dvbpr", epochs=1), tmp_path / "m", resume=True)


def test_patience_stops_and_best_is_kept(toy, tmp_path, monkeypatch):
    given = iter([0.6, 0.9, 0.7, 0.6, 0.5, 0.4])
    monkeypatch.setattr(fit_module, "validation_auc", lambda *_: next(given))
    trained = train_recommender(toy, quick("dvbpr", epochs=6, patience=2), tmp_path / "m")
    assert (trained.epochs, trained.best_epoch) == (4, 2)
    assert load_recommender(trained.path).about["best_epoch"] == 2


def test_bf16_and_flip_train(toy, tmp_path):
    trained = train_recommender(toy, quick("dvbpr", epochs=1, bf16=True, flip=True), tmp_path / "m")
    assert load_recommender(trained.path).theta.dtype == torch.float32


@pytest.mark.parametrize(
    "changes",
    [{"kind": "als"}, {"epochs": 0}, {"learning_rate": float("nan")}, {"input_size": 32}, {"sampling": "x"},
     {"fold": 2}, {"flip": True, "kind": "vbpr"}, {"include_backbone": True, "kind": "dvbpr"}, {"colour": 1},
     {"within": 1.5}],
)  # fmt: skip
def test_impossible_settings_are_refused(changes):
    with pytest.raises(InputError, match="recommender settings"):
        defaults_for(**({"kind": "vbpr"} | changes))


def test_a_user_is_the_mean_of_what_they_bought(toy, tmp_path, random_backbone):
    trained = train_recommender(ItemPictures(toy, backbone=random_backbone), quick("vbpr"), tmp_path)
    model = load_recommender(trained.path).attach(random_backbone)
    phi = catalogue_phi(model, toy)
    feedback = read_feedback(toy, user_ids=model.user_ids)
    users, items = feedback.train
    mean = np.stack([phi[items[users == user]].mean(0) for user in range(len(model.user_ids))])
    np.testing.assert_allclose(model.user_factors[:, :-1].detach().numpy(), mean[:, :-1], rtol=1e-3, atol=1e-3)


def test_unit_length_makes_the_score_blind_to_the_strength_of_the_features(toy, random_backbone):
    model = build_learner(toy, quick("vbpr"), read_feedback(toy), backbone=random_backbone).model
    raw = torch.rand(3, 1280)
    stronger = model.mean + 5 * (raw - model.mean)
    torch.testing.assert_close(model.project(raw), model.project(stronger), rtol=1e-3, atol=1e-4)


def test_the_photo_stands_in_where_a_view_has_no_picture(toy, random_backbone):
    none = View(np.zeros_like(toy.pictures), np.zeros(24, dtype=bool))
    settings = quick("vbpr")
    feedback = read_feedback(toy)
    learner = build_learner(toy, settings, feedback, backbone=random_backbone, extra_views=[none])
    assert torch.equal(learner.views[0], learner.views[1])
    learner = build_learner(toy, quick("dvbpr"), feedback, extra_views=[none])
    assert np.array_equal(learner.views[0], learner.views[1])
    other = View(np.zeros((24, 32, 32, 3), dtype=np.uint8), np.ones(24, dtype=bool))
    with pytest.raises(InputError, match="`image_size` to 32"):
        build_learner(toy, quick("dvbpr"), feedback, extra_views=[other])
