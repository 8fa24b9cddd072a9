import pytest

from gigs.errors import InputError
from gigs.generator.train.schedule import Growth, parse_growth
from gigs.generator.train.settings import HybridSettings, TrainSettings, network_settings, train_settings


def test_growth_walks_through_the_levels():
    growth = Growth(start=8, images_below_top=(100, 200), fade=0.5, top_fade_images=50)
    assert growth.at(0) == (1, 1.0)  # the first level is never faded in
    assert growth.at(99) == (1, 1.0)
    assert growth.at(100) == (2, 0.0)
    assert growth.at(150) == (2, 0.5)
    assert growth.at(250) == (2, 1.0)
    assert growth.at(300) == (3, 0.0)
    assert growth.at(325) == (3, 0.5)
    assert growth.at(10_000) == (3, 1.0)


def test_the_images_of_the_present_level_are_counted():
    growth = Growth(start=8, images_below_top=(100, 200))
    assert [growth.since_level_began(shown) for shown in (0, 99, 100, 299, 300, 1000)] == [0, 99, 0, 199, 0, 700]


def test_a_schedule_that_does_not_end_at_the_resolution_is_refused():
    with pytest.raises(ValueError, match="misses 64 px"):
        TrainSettings(growth=Growth(images_below_top=(10, 10)))


def test_growth_is_read_from_text():
    assert parse_growth("8:10,16:20", 32) == Growth(start=8, images_below_top=(10, 20))
    assert parse_growth("8:10,16:20,32:30", 16).images_below_top == (10,)
    assert parse_growth("", 64) == Growth(start=64, images_below_top=())
    for wrong in ("8:10,32:5", "8", "8:x", "8:0,16:5,32:5"):
        with pytest.raises(InputError, match="`grow`"):
            parse_growth(wrong, 64)


def test_wgan_gp_brings_its_penalty_and_nonsense_is_refused():
    network = network_settings(resolution=16, fmap_base=64, fmap_max=16)
    usual = (network, Growth(images_below_top=(8,)), HybridSettings(adversarial_after=0))
    settings = train_settings(*usual, objective="adversarial", loss="wgan-gp")
    assert (settings.penalty, settings.penalty_every) == ("gradient", 1)
    with pytest.raises(InputError, match="objective must be one of"):
        train_settings(*usual, objective="magic", loss="wgan-gp")
    with pytest.raises(ValueError, match="wgan-gp needs"):
        TrainSettings(loss="wgan-gp", penalty="none")
