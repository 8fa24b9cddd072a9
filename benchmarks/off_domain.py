"""Pictures that show no garment: photographs and scans that libraries ship, and screenshots rendered here."""

from __future__ import annotations

import io
from collections.abc import Iterator

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data
from sklearn.datasets import load_sample_images

# Shipped inside scikit-image (others of skimage.data are downloads): people, a cat, things, scenes, textures, scans.
SHIPPED = (
    "astronaut", "brick", "camera", "cat", "coffee", "coins", "colorwheel", "grass", "gravel", "hubble_deep_field",
    "horse", "immunohistochemistry", "moon", "page", "retina", "rocket", "text", "clock", "microaneurysms",
)  # fmt: skip


def pictures() -> Iterator[tuple[str, Image.Image]]:
    """Name and picture, each kind whole and, where it is large enough, its two halves (other framings)."""
    for name in SHIPPED:
        values = np.asarray(getattr(data, name)())
        yield from _framings(name, _image(values))
    yield from _framings("motorcycle", _image(data.stereo_motorcycle()[0]))
    for name, values in zip(("china", "flower"), load_sample_images().images, strict=True):
        yield from _framings(name, _image(values))
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as handle:
        yield from _framings("portrait", Image.open(handle).convert("RGB"))
    for number in range(10):
        yield f"screenshot: text {number}", _text_screen(number)
        yield f"screenshot: chart {number}", _chart(number)
        yield f"screenshot: list {number}", _list_screen(number)


def _framings(name: str, picture: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    yield name, picture
    width, height = picture.size
    if min(width, height) >= 200:
        yield f"{name}, left", picture.crop((0, 0, width // 2, height))
        yield f"{name}, bottom right", picture.crop((width // 2, height // 2, width, height))


def _image(values: np.ndarray) -> Image.Image:
    if values.dtype == bool:
        values = values * np.uint8(255)
    return Image.fromarray(values.astype(np.uint8)).convert("RGB")


def _text_screen(seed: int) -> Image.Image:
    """A page of text with a heading, light or dark."""
    rng = np.random.default_rng(seed)
    back, ink = ("white", "black") if seed % 2 else ("#16181d", "#d5d8de")
    picture = Image.new("RGB", (640, 480 + 40 * (seed % 4)), back)
    draw = ImageDraw.Draw(picture)
    draw.text((24, 16), "Terms of delivery", ink, ImageFont.load_default(34))
    for line in range(18):
        words = " ".join("lorem" if x < 0.5 else "consectetur" for x in rng.random(9))
        draw.text((24, 70 + 22 * line), words, ink, ImageFont.load_default(15))
    return picture


def _chart(seed: int) -> Image.Image:
    """A chart as a spreadsheet draws it."""
    rng = np.random.default_rng(seed)
    figure, axes = plt.subplots(figsize=(4.8, 3.6))
    kind = seed % 3
    if kind == 0:
        axes.plot(rng.normal(size=(40, 3)).cumsum(0))
    elif kind == 1:
        axes.bar(range(8), rng.random(8), color=plt.cm.tab10(np.arange(8)))
    else:
        axes.pie(rng.random(5) + 0.1, labels=list("abcde"))
    axes.set_title(f"Sales, week {seed}")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    plt.close(figure)
    return Image.open(buffer).convert("RGB")


def _list_screen(seed: int) -> Image.Image:
    """A telephone's screen: a bar above, rows with coloured squares."""
    rng = np.random.default_rng(100 + seed)
    picture = Image.new("RGB", (360, 640), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 360, 60), fill=tuple(int(v) for v in rng.integers(0, 200, 3)))
    for row in range(8):
        top = 76 + 70 * row
        draw.rectangle((16, top, 66, top + 50), fill=tuple(int(v) for v in rng.integers(0, 255, 3)))
        draw.text((84, top + 6), f"Message {row + 1}", "black", ImageFont.load_default(18))
        draw.line((16, top + 60, 344, top + 60), fill="#cccccc")
    return picture
