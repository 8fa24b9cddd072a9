"""A latent flow or a cascade beside the bundled ProGAN at 128 px: reconstructions, redesigns by either, and samples.

    python -m benchmarks.generators reconstruct CATALOGUE FLOW [--photos 64]
    python -m benchmarks.generators redesign CATALOGUE FLOW [--photos 24] [--audience women]
    python -m benchmarks.generators samples FLOW OUT

Kernel distance, precision and recall: `gigs evaluate generator CATALOGUE FLOW PROGAN --size 128`. Photos are of
held-out products, at even distances in the catalogue's order. Redesigns are compared with the same generator's
reconstruction of the photo, at the ProGAN's 64 pixels, so that neither sharpness nor blur can count as a gain.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision.utils import make_grid

from gigs.data.catalogue import Catalogue
from gigs.generator.base import load_generator
from gigs.generator.families.latent_flow import LatentFlow
from gigs.generator.families.told import ToldGenerator
from gigs.generator.train.reconstruct import even_choice, measure
from gigs.method.options import Options
from gigs.metrics.figure import figure
from gigs.session import Session
from gigs.shifting.conditions import liked_values, redraw
from gigs.shifting.optimise import ShiftSettings, shift
from gigs.shifting.supported import LikedItems, SupportSettings, aims_of
from gigs.verify.objective import MEAN, granted_worth
from gigs.verify.panel import Panel
from gigs.verify.promise import promised
from gigs.vision.images import save_png, to_tensor
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.resize import resize_bilinear
from gigs.vision.runtime import Runtime

SIDE, PROGAN_SIDE = 128, 64
KINDS = ("Dress", "Trousers", "Sweater", "T-shirt", "Jacket", "Skirt", "Shorts", "Shirt")
Method = Callable[[Tensor], Tensor]


def main() -> None:
    """Parse options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("reconstruct", "redesign", "samples"))
    parser.add_argument("paths", type=Path, nargs=2)
    parser.add_argument("--photos", type=int, default=64)
    parser.add_argument("--audience", default="women")
    parser.add_argument("--gradient", type=int, default=0, help="also Algorithm 1, on so many of the photos")
    given = parser.parse_args()
    if given.what == "samples":
        samples(flow_of(given.paths[0]), given.paths[1])
        return
    catalogue, flow = Catalogue.open(given.paths[0]), flow_of(given.paths[1])
    if given.what == "reconstruct":
        reconstruct(catalogue, flow, given.photos)
    else:
        Redesigns(catalogue, flow, given.audience).compare(given.photos, given.gradient)


def flow_of(path: Path) -> ToldGenerator:
    """A latent flow or a cascade from its file."""
    flow = load_generator(path)
    if not isinstance(flow, ToldGenerator):
        raise SystemExit(f"{path}: neither a latent flow nor a cascade")
    flow.freeze()
    return flow


def smaller(images: Tensor) -> Tensor:
    """At the ProGAN's side."""
    return resize_bilinear(images, PROGAN_SIDE)


def larger(images: Tensor) -> Tensor:
    """At the flow's side."""
    return resize_bilinear(images, SIDE)


def reconstruct(catalogue: Catalogue, flow: ToldGenerator, count: int) -> None:
    """LPIPS, L1 and MSE of what each makes of held-out photos, at 128 px."""
    session = Session("hm-64")
    encoder, progan, whole = session.encoder, session.generator, flow.in_space("z")
    assert encoder is not None

    def optimised(photos: Tensor) -> Tensor:
        found = []
        options = Options.of(preset="fast", render="drawn", force=True)
        for photo in smaller(photos):
            picture = (photo * 255).round().byte().permute(1, 2, 0).numpy()
            with torch.enable_grad():  # what is measured is without
                found.append(session.begin(session.product(picture, options), options).reconstruction.image)
        return larger(torch.cat(found))

    ways: dict[str, Method] = {
        "photo at 64 px, enlarged": lambda photos: larger(smaller(photos)),
        "ProGAN, encoder alone": lambda photos: larger(progan(encoder(smaller(photos)))),
        "ProGAN, optimised": optimised,
        "latents, drawn": lambda photos: flow.draw(flow.latents_of(photos)),
        "latents to noise and back": lambda photos: whole(whole.start_from(photos)),
    }
    rows = even_choice(catalogue.held_out_items(), count)
    print("| way | LPIPS (VGG16) | L1 | MSE | seconds a photo |\n|---|---|---|---|---|")
    for name, way in ways.items():
        begun = time.perf_counter()
        found = measure(way, catalogue.images(SIDE), rows)
        seconds = (time.perf_counter() - begun) / len(rows)
        cells = [f"{found[key]['mean']:.4f}" for key in ("lpips_vgg", "l1", "mse")]
        interval = f" [{found['lpips_vgg']['low']:.3f}, {found['lpips_vgg']['high']:.3f}]"
        print(f"| {name} | {cells[0]}{interval} | {cells[1]} | {cells[2]} | {seconds:.2f} |", flush=True)


class Redesigns:
    """Eight redesigns of held-out photos by each way, judged by the bundled pack's judges."""

    def __init__(self, catalogue: Catalogue, flow: ToldGenerator, audience: str) -> None:
        self.catalogue, self.flow, self.session = catalogue, flow, Session("hm-64")
        self.options = Options.of(preset="fast", render="drawn", force=True, verify=True)
        self.audience = self.session.audience(audience)
        panel = self.session.panel(self.audience, self.options)
        assert panel is not None
        self.panel: Panel = panel
        self.lpips = PerceptualLoss(net="vgg")
        place = {item: row for row, item in enumerate(catalogue.items["item_id"])}
        self.row_of = {index: place[item] for index, item in enumerate(panel.gallery.ids) if item in place}

    def compare(self, count: int, gradient: int) -> None:
        """Print a row for each way."""
        rows = even_choice(self.catalogue.held_out_items(), count)
        photos = to_tensor(self.catalogue.images(SIDE)[rows])
        ways: dict[str, Callable[[Tensor], tuple[Tensor, Tensor]]] = {"ProGAN, supported shifts": self.progan}
        for strength in (0.4, 0.6, 0.8):
            ways[f"flow, liked values, strength {strength}"] = lambda photo, s=strength: self.values(photo, s)
        for strength in (0.0, 0.4) if isinstance(self.flow, LatentFlow) else (0.0,):
            ways[f"flow, supported in latents, renoised {strength}"] = lambda photo, s=strength: self.supported(
                photo, s
            )
        if gradient:
            ways["flow, Algorithm 1 on z"] = self.gradient
        print("| way | n | judges' gain (z) | share of 100 | kind kept | LPIPS to reconstruction | pairs | seconds |")
        print("|---|---|---|---|---|---|---|---|")
        for name, way in ways.items():
            records, seconds = [], 0.0
            for photo in photos[: gradient if "Algorithm" in name else len(photos)].split(1):
                begun = time.perf_counter()
                base, images = way(photo)
                seconds += time.perf_counter() - begun
                if len(images):
                    records.append(self.judged(base, images))
            self.row(name, records, seconds / max(1, len(records)))

    def row(self, name: str, records: list[list[float]], seconds: float) -> None:
        """Means over photos, with intervals by photo."""
        found = [figure([[one] for one in column if np.isfinite(one)]) for column in zip(*records, strict=True)]
        cells = [
            f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]" if one.low is not None else "too few" for one in found
        ]
        print(f"| {name} | {len(records)} | {' | '.join(cells)} | {seconds:.1f} |", flush=True)

    @torch.no_grad()
    def judged(self, base: Tensor, images: Tensor) -> list[float]:
        """Figures of redesigns `[n,3,R,R]` against the reconstruction `[1,3,R,R]`; gain and share are of the mean."""
        here, there = smaller(base), smaller(images)
        kind = self.panel.category_of(here)[0]
        kept = (self.panel.category_of(there)[0] == kind).float().mean()
        features = [
            {judge.name: judge.recommender.features(each) for judge in self.panel.judges} for each in (here, there)
        ]
        share = promised(self.panel, *features)
        first, second = torch.triu_indices(len(there), len(there), 1)
        return [
            float(granted_worth(self.panel, there, here, MEAN).mean()),
            share.of_100 if share else float("nan"),
            float(kept),
            float(self.lpips(here.expand_as(there), there).mean()),
            float(self.lpips(there[first], there[second]).mean()) if len(first) else float("nan"),
        ]

    def progan(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        """The bundled pack's own redesigns, drawn."""
        picture = (smaller(photo)[0] * 255).round().byte().permute(1, 2, 0).numpy()
        product = self.session.product(picture, self.options)
        found, _ = self.session.run(product, self.audience, self.options, self.panel)
        return found.reconstruction.image.float(), found.shifted.images.float()

    def liked(self, photo: Tensor) -> tuple[int, np.ndarray, Tensor]:
        """Category of a photo, catalogue rows of the gallery's items of it, and how they are liked."""
        category = int(self.panel.category_of(smaller(photo))[0][0])
        inside = self.panel.gallery.of_category(category).tolist()
        kept = [index for index, item in enumerate(inside) if item in self.row_of]
        rows = np.array([self.row_of[inside[index]] for index in kept])
        return category, rows, self.panel.value(category)[kept]

    def values(self, photo: Tensor, strength: float) -> tuple[Tensor, Tensor]:
        """The photo redrawn in the eight combinations of colour and appearance that the audience likes best."""
        flow, (category, rows, liking) = self.flow, self.liked(photo)
        known, kind = flow.config.conditions, self.panel.gallery.names[category]
        own = {"type": kind} if kind in known.get("type", []) else {}
        wishes = liked_values(self.catalogue.items.iloc[rows], liking.numpy(), known, ("colour", "appearance"))[:8]
        base = flow.draw(flow.latents_of(photo))
        if not wishes:
            return base, base[:0]
        return base, redraw(flow, photo, [own | wish.values for wish in wishes], strength=strength)

    @torch.no_grad()
    def supported(self, photo: Tensor, strength: float) -> tuple[Tensor, Tensor]:
        """The photo's latent moved towards means of better-liked real items, and partly renoised."""
        flow, (_, rows, liking) = self.flow, self.liked(photo)
        latent = flow.latents_of(photo)
        codes = torch.cat(
            [
                flow.latents_of(to_tensor(self.catalogue.images(SIDE)[part]))
                for part in np.split(rows, range(256, len(rows), 256))
            ]
        )
        settings = SupportSettings()
        aims = aims_of(latent.flatten(1), LikedItems(codes.flatten(1), liking), settings, settings.n)
        moved = torch.lerp(latent, aims.view_as(latent.expand(len(aims), -1, -1, -1)), settings.reach)
        if strength and isinstance(flow, LatentFlow):
            z = flow.sample(1, torch.Generator().manual_seed(0))
            moved = flow.to_latents(torch.lerp(moved, flow.flow.path.noise(z), strength), strength)
        return flow.draw(latent), flow.draw(moved)

    def gradient(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        """Algorithm 1's shifts of z, by the preset's sign gradient."""
        settings: ShiftSettings = self.options.preset.shifting
        z, runtime = self.flow.start_from(photo), Runtime(rng=torch.Generator().manual_seed(0))
        found = shift(self.flow, z, lambda images: self.panel.preference(smaller(images)), settings, runtime=runtime)
        with torch.no_grad():
            return self.flow(z), found.images


def samples(flow: ToldGenerator, out: Path) -> None:
    """64 unpicked samples that are told nothing, and eight of each of eight types: two pictures in OUT."""
    out.mkdir(parents=True, exist_ok=True)
    z = flow.sample(64, torch.Generator().manual_seed(0))
    with torch.inference_mode():
        plain = torch.cat([flow(piece) for piece in z.split(16)])
        told = torch.cat([flow.told({"type": kind}, guidance=2.0)(z[:8]) for kind in KINDS])
    save_png(make_grid(plain, nrow=8), out / "flow.png")
    save_png(make_grid(told, nrow=8), out / "flow-types.png")


if __name__ == "__main__":
    main()
