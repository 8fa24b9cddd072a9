import numpy as np
import pytest
from PIL import Image

from gigs.transfer import looks
from gigs.transfer.edge import unmixed

SIZE, FINE = 120, 8


@pytest.fixture
def true_alpha():
    """A leaning ellipse with a smooth edge: the mean of a mask eight times as fine."""
    y, x = (np.mgrid[0 : SIZE * FINE, 0 : SIZE * FINE] + 0.5) / FINE - SIZE / 2
    inside = ((x + 0.3 * y) / 31) ** 2 + (y / 43) ** 2 < 1
    return inside.reshape(SIZE, FINE, SIZE, FINE).mean((1, 3)).astype(np.float32)


def photo_of(alpha, cloth, backdrop):
    """Cloth before a backdrop, with a little noise, uint8."""
    mixed = alpha[..., None] * np.array(cloth) + (1 - alpha[..., None]) * np.array(backdrop)
    return np.clip(mixed + np.random.default_rng(0).normal(0, 2, mixed.shape), 0, 255).astype(np.uint8)


def at_edge(true_alpha):
    return (true_alpha > 0) & (true_alpha < 1)


@pytest.mark.parametrize("cloth", [(30, 30, 35), (180, 60, 50), (250, 250, 250)])
def test_the_share_of_cloth_at_the_edge_is_found(true_alpha, cloth):
    backdrop = (200, 198, 195) if cloth[0] == 250 else (244, 243, 240)
    greedy = (true_alpha > 0.05).astype(np.float32)  # all that differs from the backdrop
    found = unmixed(greedy, photo_of(true_alpha, cloth, backdrop))
    edge = at_edge(true_alpha)
    assert np.abs(found - true_alpha)[edge].mean() < 0.08 < 0.3 < np.abs(greedy - true_alpha)[edge].mean()
    assert np.abs(found - true_alpha)[~edge].max() < 0.1


def test_cloth_of_the_backdrops_colour_keeps_its_mask(true_alpha):
    mask = (true_alpha > 0.5).astype(np.float32)
    assert np.array_equal(unmixed(mask, photo_of(true_alpha, (244, 243, 240), (244, 243, 240))), mask)


@pytest.mark.parametrize("mask", [np.zeros((40, 40), np.float32), np.ones((40, 40), np.float32)])
def test_without_an_edge_nothing_changes(mask):
    assert np.array_equal(unmixed(mask, np.full((40, 40, 3), 90, np.uint8)), mask)


def seeing(monkeypatch, *answers):
    """A network that gives these answers in turn, and what it was shown."""
    shown, left = [], [np.asarray(Image.fromarray(each).resize((320, 320))) for each in answers]

    def salience(picture):
        shown.append(np.asarray(picture))
        return left.pop(0)

    monkeypatch.setattr(looks, "salience", salience)
    return shown


def test_a_network_in_doubt_looks_again_with_more_contrast(true_alpha, monkeypatch):
    photo = photo_of(true_alpha, (250, 250, 250), (235, 234, 232))
    running_out = np.clip(true_alpha + 0.45, 0, 1).astype(np.float32)
    shown = seeing(monkeypatch, running_out, true_alpha)
    look = looks.best_look(photo)
    assert len(shown) == 2
    assert np.ptp(shown[1].astype(int)) > 2 * np.ptp(shown[0].astype(int))
    assert np.abs(look.alpha - true_alpha).mean() < 0.03


def test_a_second_look_that_is_no_better_is_not_taken(true_alpha, monkeypatch):
    grey = np.clip(0.6 * true_alpha, 0, 1).astype(np.float32)
    shown = seeing(monkeypatch, grey, np.full_like(grey, 0.5))
    look = looks.best_look(photo_of(true_alpha, (250, 250, 250), (235, 234, 232)))
    assert look.coarse[0, 0] == 0  # the second is grey to its corners
    assert len(shown) == 2


def test_a_sure_network_looks_once(true_alpha, monkeypatch):
    shown = seeing(monkeypatch, true_alpha)
    looks.best_look(photo_of(true_alpha, (30, 30, 35), (244, 243, 240)))
    assert len(shown) == 1
