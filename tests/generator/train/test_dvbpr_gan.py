"""Training Kang et al.'s GAN: losses, resuming, classes, held-out products, and the command."""

import csv
from dataclasses import replace

import pytest
import torch

from gigs.errors import DataError, InputError, ModelError
from gigs.experiments.preference_maximisation import load_baseline
from gigs.generator.families.dvbpr_critic import load_critic
from gigs.generator.train.dvbpr_gan import DVBPRRun, train_dvbpr_gan
from gigs.generator.train.dvbpr_settings import DVBPRTrainSettings, dvbpr_train_settings
from gigs.generator.train.losses import critic_loss, generator_loss
from gigs.io import folders, storage
from gigs.vision.compute import Compute
from tests.helpers.command_line import gigs
from tests.helpers.small_models import small_recommender

SMALL = DVBPRTrainSettings(
    resolution=16, z_dim=12, fmap_base=32, fmap_max=8, images=96, batch=8, fewest_photos=4, checkpoint_every=48,
    grid_every=96,
)  # fmt: skip


def tensors(folder):
    files = [storage.load_tensors(folder / f"{name}.safetensors")[0] for name in ("generator", "critic")]
    return {f"{number} {name}": tensor for number, each in enumerate(files) for name, tensor in each.items()}


def test_the_losses_by_hand():
    real, fake = torch.tensor([[1.0], [0.5]]), torch.tensor([[0.0], [-2.0]])
    assert critic_loss("least-squares", real, fake).item() == pytest.approx((0.25 / 2 + 4 / 2) / 2)
    assert generator_loss("least-squares", fake).item() == pytest.approx((1 + 9) / 2)


@pytest.mark.parametrize("augment", [False, True])
def test_a_resumed_run_equals_an_uninterrupted_one(augment, tiny_catalogue, tmp_path):
    settings = replace(SMALL, augment=augment)
    train_dvbpr_gan(tiny_catalogue, tmp_path / "whole", settings, Compute())
    train_dvbpr_gan(tiny_catalogue, tmp_path / "parts", replace(settings, images=48), Compute())
    train_dvbpr_gan(tiny_catalogue, tmp_path / "parts", settings, Compute(), resume=True)
    whole, parts = tensors(tmp_path / "whole"), tensors(tmp_path / "parts")
    assert whole.keys() == parts.keys() and all(torch.equal(whole[name], parts[name]) for name in whole)


def test_every_weight_is_trained_and_the_critic_is_not_moved_by_the_generator(tiny_catalogue, tmp_path):
    run = DVBPRRun(tiny_catalogue, tmp_path, SMALL, Compute(), resume=False)
    before = {
        name: parameter.clone() for net in run.nets.modules.values() for name, parameter in net.named_parameters()
    }
    critic = [parameter.clone() for parameter in run.nets.critic.parameters()]
    fakes = run.nets.generator.synthesise(torch.randn(8, 12), run.labels[:8])
    run._generator_step(fakes, run.labels[:8])
    assert all(torch.equal(old, new) for old, new in zip(critic, run.nets.critic.parameters(), strict=True))
    for _ in range(3):
        run.step()
    after = {name: parameter for net in run.nets.modules.values() for name, parameter in net.named_parameters()}
    assert [name for name in after if torch.equal(before[name], after[name])] == []


def test_a_run_leaves_a_pair_that_loads_with_logs_grid_and_names(tiny_catalogue, tmp_path):
    train_dvbpr_gan(tiny_catalogue, tmp_path, replace(SMALL, images=480, snapshot_every=240), Compute())
    generator, critic = load_baseline(tmp_path)
    assert generator.class_names == critic.config.classes == ("T-shirt", "Dress", "Trousers")
    assert generator.about["images_shown"] == critic.about["images_shown"] == 480
    assert generator.about["training"][0]["train"]["fewest_photos"] == 4
    assert (tmp_path / "samples-00000480.png").is_file() and len(list((tmp_path / "snapshots").iterdir())) == 2
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert len(rows) == 1 and float(rows[0]["generator"]) > 0 and float(rows[0]["answer_real"]) > 0
    assert "critic.safetensors" in folders.check_manifest(tmp_path)["files"]


def test_it_learns_what_classes_look_like(tiny_catalogue, tmp_path):
    """Mean pictures of the classes differ from one another as those of the photos do."""
    settings = replace(SMALL, images=4800, learning_rate=2e-3, fmap_max=16, grid_every=10**6, checkpoint_every=10**6)
    train_dvbpr_gan(tiny_catalogue, tmp_path, replace(settings, snapshot_every=10**6), Compute())
    generator, _ = load_baseline(tmp_path)
    run = DVBPRRun(tiny_catalogue, tmp_path / "again", SMALL, Compute(), resume=False)
    z = generator.sample(64, torch.Generator().manual_seed(0))
    drawn = torch.stack([generator.of_class(label)(z).mean(0).flatten() for label in range(3)])
    photos = torch.from_numpy(run.photos[run.rows]).permute(0, 3, 1, 2).float() / 255
    real = torch.stack([photos[run.labels == label].mean(0).flatten() for label in range(3)])
    drawn, real = drawn - drawn.mean(0), real - real.mean(0)
    alike = torch.nn.functional.cosine_similarity(drawn[:, None], real[None], dim=2)
    assert alike.argmax(1).tolist() == [0, 1, 2] and alike.diagonal().min() > 0.3


def test_held_out_products_and_items_of_no_class_are_never_shown(tiny_catalogue, tmp_path):
    held_out = set(tiny_catalogue.items.loc[tiny_catalogue.items["held_out"], "product_code"])
    where = replace(SMALL, where='type != "Dress"', fewest_photos=12)
    run = DVBPRRun(tiny_catalogue, tmp_path, where, Compute(), resume=False)
    shown = tiny_catalogue.items.iloc[run.rows]
    assert held_out and not held_out & set(shown["product_code"])
    assert run.config.classes == ("T-shirt", "Trousers")
    assert [run.config.classes[label] for label in run.labels] == list(shown["type"])


def test_classes_can_be_balanced(tiny_catalogue, tmp_path):
    items = tiny_catalogue.items.copy()
    items.loc[items.index % 10 == 0, "type"] = "Hat"
    few = replace(tiny_catalogue, items=items)
    run = DVBPRRun(few, tmp_path, replace(SMALL, balance="class_name"), Compute(), resume=False)
    shares = [run.odds[run.labels == label].sum() / run.odds.sum() for label in range(4)]
    counts = [(run.labels == label).sum().sqrt().item() for label in range(4)]
    torch.testing.assert_close(torch.tensor(shares), torch.tensor(counts) / sum(counts))


def test_what_does_not_fit_is_named(tiny_catalogue, tmp_path):
    with pytest.raises(DataError, match="no classes"):
        train_dvbpr_gan(tiny_catalogue, tmp_path, replace(SMALL, where='type == "Dress"'), Compute())
    with pytest.raises(ModelError, match="no checkpoint to resume from"):
        train_dvbpr_gan(tiny_catalogue, tmp_path, SMALL, Compute(), resume=True)
    train_dvbpr_gan(tiny_catalogue, tmp_path, replace(SMALL, images=8), Compute())
    with pytest.raises(ModelError, match="another network"):
        train_dvbpr_gan(tiny_catalogue, tmp_path, replace(SMALL, z_dim=8), Compute(), resume=True)
    for wrong in ({"batch": 1}, {"ema": 1.0}, {"learning_rate": -1.0}, {"resolution": 48}, {"fmap_base": 0}):
        with pytest.raises(InputError, match="generator settings"):
            dvbpr_train_settings(**wrong)
    assert dvbpr_train_settings(batch=None, fmap_base=None) == DVBPRTrainSettings()


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_from_the_command_line_to_a_suggestion(tiny_catalogue, tmp_path):
    train = ["train", "generator", tiny_catalogue.root, "--family", "dvbpr-gan", "--out", tmp_path / "run"]
    told = gigs(*train, "--grow", "8:16", "--images", 8)
    assert told.returncode == 2 and "--grow: has no meaning for --family dvbpr-gan" in told.stderr
    small = ["--resolution", 32, "--fmap-base", 32, "--fmap-max", 8, "--batch", 8, "--device", "cpu"]
    told = gigs(*train, *small, "--images", 16)
    assert told.returncode == 0, told.stderr
    assert load_critic(tmp_path / "run" / "critic.safetensors").config.resolution == 32
    recommender = small_recommender(users=60).save(tmp_path / "r.safetensors")
    suggest = [
        "suggest", "--sample", "--generator", tmp_path / "run" / "generator.safetensors", "--recommender", recommender,
        "--n", 2, "--steps", 2, "--preset", "paper-text", "--out", tmp_path / "out",
    ]  # fmt: skip
    told = gigs(*suggest)
    assert told.returncode == 2 and "choose one with --class: 0 (T-shirt)" in told.stderr
    told = gigs(*suggest, "--class", 2)
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "out" / "suggestion-2.png").is_file()
