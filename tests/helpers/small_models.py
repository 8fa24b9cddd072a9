"""Small real networks for tests: a random ProGAN, a recommender whose taste is known, a pack made of both."""

from __future__ import annotations

from pathlib import Path

import torch

from gigs.generator.base import save_generator
from gigs.generator.families.dvbpr_critic import DVBPRCritic
from gigs.generator.families.dvbpr_gan import DVBPRGAN, DVBPRGANSettings
from gigs.generator.families.progan import ProGAN, ProGANSettings
from gigs.inversion.encoder import Encoder, save_encoder
from gigs.io import storage
from gigs.recommender import DVBPR
from gigs.vision.images import save_png

RESOLUTION = 32


def small_generator(seed: int = 0) -> ProGAN:
    """A 32 px ProGAN with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        settings = ProGANSettings(resolution=RESOLUTION, latent_dim=32, fmap_base=128, fmap_max=32)
        return ProGAN(settings).freeze()  # type: ignore[return-value]


def small_baseline(seed: int = 0, **changes: object) -> tuple[DVBPRGAN, DVBPRCritic]:
    """A 32 px class-conditional GAN of three classes and its critic, random but lively weights, frozen."""
    sizes = {"classes": ("tops", "trousers", "shoes"), "resolution": RESOLUTION, "z_dim": 16, "fmap_base": 32}
    settings = DVBPRGANSettings(**(sizes | {"fmap_max": 8} | changes))  # type: ignore[arg-type]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        generator, critic = DVBPRGAN(settings), DVBPRCritic(settings)
        for parameter in (*generator.parameters(), *critic.parameters()):
            if parameter.ndim > 1:
                parameter.data.normal_(0, 0.2)
        labels = torch.arange(60) % len(settings.classes)
        generator.measure(labels.split(20), torch.Generator().manual_seed(seed))
        return generator.freeze(), critic.eval().requires_grad_(False)  # type: ignore[return-value]


def small_recommender(users: int = 4, seed: int = 0) -> DVBPR:
    """A narrow DVBPR with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        ids = [f"u{number}" for number in range(users)]
        model = DVBPR(factors=6, hidden=32, width=0.1, input_size=64, user_ids=ids)
        for parameter in model.parameters():
            parameter.data.normal_(0, 0.08)
        return model.freeze()  # type: ignore[return-value]


def small_encoder(seed: int = 0) -> Encoder:
    """An encoder for `small_generator` with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        settings = ProGANSettings(resolution=RESOLUTION, latent_dim=32, fmap_base=64, fmap_max=16)
        return Encoder(settings).freeze()


def write_small_pack(root: Path, *, encoder: bool = False) -> Path:
    """A complete pack in the public layout, with an encoder if asked for."""
    generator, recommender = small_generator(), small_recommender()
    save_generator(root / "generator.safetensors", generator)
    if encoder:
        save_encoder(root / "encoder.safetensors", small_encoder())
    recommender.save(root / "recommender.safetensors", with_users=False)
    thetas = {"everyone": recommender.user_factors.mean(0).detach(), "few": recommender.user_factors[1].detach()}
    storage.save_tensors(root / "audiences.safetensors", thetas, {"kind": "audiences"})
    image = generator(generator.sample(1, torch.Generator().manual_seed(5)))[0]
    save_png(image, root / "examples" / "thing.png")
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    about = {"label": "all buyers", "condition": "everyone", "users": 60, "quantiles": [-1.0, 0.0, 1.0]}
    info = {
        "schema": 1,
        "name": "small",
        "files": {path.relative_to(root).as_posix(): storage.sha256_of(path) for path in files},
        "audiences": {"everyone": about, "few": {**about, "label": "a few", "users": 50}},
        "preprocessing": {"resolution": RESOLUTION, "range": [0, 1]},
        "card": {"licence": "test"},
    }
    storage.write_json(root / "pack.json", info)
    return root
