"""Measures how near a generator's pictures come to photos that it never saw (`docs/reference/metrics.md`)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import DataError, InputError, ModelError
from gigs.generator.base import Generator, load_generator
from gigs.generator.use import AS_STORED, Use
from gigs.io import storage
from gigs.io.extras import require
from gigs.metrics.features import FEATURE_SETS, INPUT_SIZE, feature_network, photo_features, picture_features
from gigs.metrics.frechet import FrechetDistance
from gigs.metrics.kid import SUBSET_SIZE, SUBSETS, kernel_distance
from gigs.metrics.precision_recall import NEAREST, precision_recall
from gigs.progress import OnStep, Step, silent
from gigs.vision.images import to_uint8

BATCH = 64

Features = dict[str, np.ndarray]  # by feature set, [N,D]


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings:
    """How a generator's pictures are compared with photos of held-out products.

    Attributes:
        samples: Number of pictures to draw.
        seed: Random seed of the latent vectors and the subsets. Generators with the same latent dimension get the same
            vectors.
        where: Condition on the held-out items. Use that of the training, or the two sets show different products.
        floor: Also compare as many training photos with the same held-out photos: the figures of a perfect generator.
    """

    samples: int = 2000
    seed: int = 0
    where: str = ""
    floor: bool = False

    def __post_init__(self) -> None:
        if self.samples <= NEAREST:
            raise InputError(
                f"{self.samples} samples are too few to compare; draw {NEAREST + 1} or more (2000 is usual)"
            )


USUAL = ComparisonSettings()


def evaluate_generator(
    generator: Generator,
    catalogue: Catalogue,
    settings: ComparisonSettings = USUAL,
    *,
    on_step: OnStep = silent,
) -> dict[str, Any]:
    """Compare a generator's pictures with photos of held-out products.

    Args:
        generator: A generator of any family. Pictures are compared at its resolution, rounded to 8 bits like photos.
        catalogue: The catalogue whose held-out products it never saw.
        settings: Of the comparison.
        on_step: Progress.

    Returns:
        A JSON-able dict with the settings, the numbers of pictures and `figures`. These are, for each feature set,
        `kid_SET` and `kid_SET_sd` (also times 1000), `precision_SET`, `recall_SET` and `frechet_SET`. `floor` holds the
        same for training photos.

    Raises:
        InputError: A condition that cannot be evaluated.
        DataError: Too few held-out photos, or photos smaller than the generator's pictures.
        ModelError: The generator's pictures are not finite, or a feature network cannot be had.
    """
    samples, seed, where = settings.samples, settings.seed, settings.where
    side, device = generator.resolution, next(generator.parameters()).device
    held_out = _rows(catalogue, catalogue.held_out_items(), where, "held-out")
    pictures = draw(generator, samples, seed, on_step)
    networks = [feature_network(name).to(device) for name in FEATURE_SETS]

    def features_of(rows: np.ndarray, what: str) -> Features:
        return {
            network.name: photo_features(network, catalogue, rows, image_size=side, what=what, on_step=on_step)
            for network in networks
        }

    real = features_of(held_out, "held-out photos")
    fake = {network.name: picture_features(network, pictures, on_step=on_step) for network in networks}
    about = {"resolution": side, "where": where, "samples": samples, "seed": seed, "feature_input": INPUT_SIZE}
    report = about | _compare(real, fake, seed)
    if settings.floor:
        trained = _rows(catalogue, catalogue.train_items(), where, "training")
        drawn = np.random.default_rng(seed).choice(trained, size=min(samples, len(trained)), replace=False)
        report["floor"] = _compare(real, features_of(np.sort(drawn), "training photos"), seed)
    return report


def evaluate_files(
    files: Sequence[str | Path],
    catalogue: Catalogue,
    settings: ComparisonSettings = USUAL,
    *,
    use: Use = AS_STORED,
    on_step: OnStep = silent,
) -> Iterator[dict[str, Any]]:
    """Evaluate saved generators one by one, such as snapshots of one training.

    All files are checked before the first is evaluated, so that a faulty one does not waste an hour's work. `use`
    chooses class and size.

    Yields:
        The result of `evaluate_generator` with `file`, `sha256`, `images_shown` (None if the file does not say), `use`
        and `seconds`. `floor` comes only with the first generator of each resolution, as it is the same for all.
    """
    shown = [storage.load_tensors(Path(path))[1].get("about", {}).get("images_shown") for path in files]
    for path in files:
        use(load_generator(path))
    floors: set[int] = set()
    for number, path in enumerate(files):
        on_step(Step("generators", number, len(files)))
        generator, started = use(load_generator(path)), time.monotonic()
        own = replace(settings, floor=settings.floor and generator.resolution not in floors)
        report = evaluate_generator(generator, catalogue, own, on_step=on_step)
        floors.add(generator.resolution)
        about: dict[str, Any] = {
            "file": Path(path).as_posix(),
            "sha256": storage.sha256_of(Path(path)),
            "images_shown": shown[number],
        }
        about["use"] = use.described()
        yield about | {"seconds": round(time.monotonic() - started, 1)} | report
    on_step(Step("generators", len(files), len(files)))


def draw(generator: Generator, samples: int, seed: int, on_step: OnStep = silent) -> np.ndarray:
    """Pictures of seeded latent vectors, uint8 `[samples,S,S,3]`.

    Raises:
        ModelError: A value is not finite.
    """
    device = next(generator.parameters()).device
    latents = generator.sample(samples, torch.Generator().manual_seed(seed))
    pieces = []
    with torch.inference_mode():
        for start in range(0, samples, BATCH):
            images = generator(latents[start : start + BATCH].to(device))
            if not bool(torch.isfinite(images).all()):
                raise ModelError("this generator draws pictures with values that are not finite; its training diverged")
            pieces.append(to_uint8(images))
            on_step(Step("pictures", start + len(images), samples))
    return np.concatenate(pieces)


def plot_curve(reports: Sequence[dict[str, Any]], path: Path) -> Path:
    """Draw every figure by number of training images. The floor, if measured, is a dashed line.

    Raises:
        InputError: A generator's file does not say how many images it was shown.
    """
    require("matplotlib", "plots", "a plot")
    from matplotlib.figure import Figure  # imported late: it takes a second
    from matplotlib.ticker import EngFormatter

    unknown = [report["file"] for report in reports if report["images_shown"] is None]
    if unknown:
        raise InputError(f"{unknown[0]}: does not say how many images it was shown; leave out `plot`")
    ordered = sorted(reports, key=lambda report: report["images_shown"])
    shown = [report["images_shown"] for report in ordered]
    floor = next((report["floor"]["figures"] for report in reports if "floor" in report), None)
    titles = {"kid_{}_x1000": "kernel distance x 1000", "precision_{}": "precision", "recall_{}": "recall"}
    titles |= {"frechet_{}": "Fréchet distance"}
    figure = Figure(figsize=(14, 6), layout="constrained")
    for row, name in zip(figure.subplots(len(FEATURE_SETS), len(titles)), FEATURE_SETS, strict=True):
        for axes, (key, title) in zip(row, titles.items(), strict=True):
            label = key.format(_suffix(name))
            axes.plot(shown, [report["figures"][label] for report in ordered], marker="o")
            if floor:
                axes.axhline(floor[label], linestyle="--", color="grey")
            axes.set(title=f"{title}, {name}", xlabel="images shown")
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
            axes.locator_params(axis="x", nbins=4)
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    return storage.write_atomic(path, lambda part: figure.savefig(part, format="png", dpi=120))


def _compare(real: Features, fake: Features, seed: int) -> dict[str, Any]:
    """Numbers of pictures, settings of the figures, and the figures of every feature set."""
    n_real, n_fake = (len(next(iter(side.values()))) for side in (real, fake))
    subset_size = min(SUBSET_SIZE, n_real, n_fake)
    figures: dict[str, float] = {}
    for name in real:
        kid = kernel_distance(real[name], fake[name], subset_size=subset_size, rng=np.random.default_rng(seed))
        shares = precision_recall(real[name], fake[name])
        frechet = FrechetDistance(real[name].shape[1])
        frechet.update(real[name], real=True)
        frechet.update(fake[name], real=False)
        key = _suffix(name)
        figures |= {
            f"kid_{key}": kid.mean,
            f"kid_{key}_sd": kid.sd,
            f"kid_{key}_x1000": kid.mean * 1000,
            f"kid_{key}_sd_x1000": kid.sd * 1000,
            f"precision_{key}": shares.precision,
            f"recall_{key}": shares.recall,
            f"frechet_{key}": frechet.compute(),
        }
    settings = {"subset_size": subset_size, "subsets": SUBSETS, "nearest": NEAREST}
    return {"n_real": n_real, "n_fake": n_fake, **settings, "figures": figures}


def _rows(catalogue: Catalogue, items: np.ndarray, where: str, what: str) -> np.ndarray:
    """The items that satisfy the condition, if there are enough of them to compare."""
    rows = select(catalogue, items, where)
    if len(rows) <= NEAREST:
        raise DataError(
            f"{catalogue.root}: {len(rows)} {what} photos to compare with, but at least {NEAREST + 1} are "
            "needed; widen `where`, or import the catalogue with more held-out products"
        )
    return rows


def _suffix(name: str) -> str:
    """A feature set's name as it stands behind a figure's."""
    return name.replace("-", "_")
