import numpy as np
from scipy import ndimage

from gigs.transfer.doubt import UNSURE, judged


def cutout(blur):
    alpha = np.zeros((192, 128), dtype=np.float32)
    alpha[40:150, 30:100] = 1
    left = ndimage.gaussian_filter(alpha, blur)
    return np.where(np.arange(128)[None] < 50, left, alpha)  # one side runs out, the other is sharp


def photo():
    pixels = np.full((192, 128, 3), 238, dtype=np.uint8)
    pixels[40:150, 30:100] = 200
    return pixels


def test_an_edge_that_runs_out_is_said():
    found = judged(cutout(14), cutout(14), photo())
    assert found.confidence < UNSURE and "runs out into what is around it" in found.sentence


def test_a_soft_edge_is_none():
    assert judged(cutout(1), cutout(1), photo()).sentence is None
