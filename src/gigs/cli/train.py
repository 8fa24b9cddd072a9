"""`gigs train`: recommenders, generators and encoders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gigs.cli import train_flow, train_refiner, train_scorers
from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars
from gigs.cli.train_compute import training_compute
from gigs.cli.train_options import BALANCE, CATALOGUE, COMPILE, DEVICE, RESUME, WHERE
from gigs.cli.train_processes import PROCESSES

if TYPE_CHECKING:
    from gigs.generator.train.settings import TrainSettings
    from gigs.inversion.encoder_steps import EncoderSettings
    from gigs.training.start import Start
    from gigs.vision.compute import Compute

app = typer.Typer(help="Train a recommender, a generator or an encoder on a catalogue.", no_args_is_help=True)
app.command("recommender")(train_scorers.train_recommender_command)
app.command("judge")(train_scorers.train_judge_command)
app.command("autoencoder")(train_flow.train_autoencoder_command)
app.command("flow")(train_flow.train_flow_command)
app.command("refiner")(train_refiner.train_refiner_command)


@app.command("generator")
def train_generator_command(
    context: typer.Context,
    catalogue: Path = CATALOGUE,
    out: Path = typer.Option(..., "--out", "-o", help="Folder for weights, checkpoints, grids and logs."),
    images: int = typer.Option(
        400_000, min=1, help="Number of photos to show in total, including those of a resumed run."
    ),
    objective: str = typer.Option(
        "hybrid", help="hybrid (with an encoder; gives good pictures soonest) or adversarial (the paper's recipe)."
    ),
    family: str = typer.Option(
        "progan",
        help="progan, stylegan2 (spaces z, w and w+) or dvbpr-gan (the class-conditional least-squares GAN of Kang "
        "et al. 2017, the paper's baseline; its critic is saved too).",
    ),
    loss: str = typer.Option("nonsaturating", help="nonsaturating, or wgan-gp (as in Karras et al. and the paper)."),
    resolution: int = typer.Option(64, help="Side in pixels, a power of two."),
    fmap_base: int = typer.Option(
        None,
        help="Width of the networks. Default: 1536 (Karras et al.: 8192); for dvbpr-gan 512 (Kang et al.: 1024).",
    ),
    fmap_max: int = typer.Option(
        None,
        help="Width of the widest layer. Default: 256 (Karras et al.: 512); for dvbpr-gan 128 (Kang et al.: 256).",
    ),
    grow: str = typer.Option("8:40000,16:80000,32:120000", help="RESOLUTION:PHOTOS for every level below the top."),
    adversarial_after: int = typer.Option(
        380_000, min=0, help="Hybrid: number of photos after which the critic joins in."
    ),
    critic: str = typer.Option(
        "pixels",
        help="pixels (a ProGAN critic) or projected (a critic on a frozen network's features, Sauer et al. 2021). "
        "The projected critic gives sharp pictures sooner; it works in hybrid training only and uses the hinge "
        "loss.",
    ),
    adversarial_weight: float = typer.Option(
        0.15,
        min=0,
        help="Hybrid: weight of the critic's loss. With the projected critic: its gradient at the pixels, as a "
        "multiple of the reconstruction loss's.",
    ),
    noise: float = typer.Option(0.3, min=0, help="Hybrid: noise added to the codes of photos before they are redrawn."),
    balance: str = BALANCE,
    start_from: str = typer.Option(
        None,
        help="Bundled pack, folder of a pack, or folder of a run, whose generator and encoder training starts from.",
    ),
    latent_weight: float = typer.Option(
        0.05, min=0, help="Hybrid: weight of the loss that keeps the codes of photos normally distributed."
    ),
    augment: bool = typer.Option(
        None, help="Augment what the critic sees. Default: on, except with wgan-gp and dvbpr-gan (as in their papers)."
    ),
    batch: int = typer.Option(32, min=2, help="Photos per step."),
    learning_rate: float = typer.Option(None, help="Learning rate of Adam. Default: 2e-3, for dvbpr-gan 2e-4."),
    compile_networks: bool = COMPILE,
    where: str = WHERE,
    seed: int = typer.Option(0, min=0, help="Random seed."),
    device: str = DEVICE,
    processes: int = PROCESSES,
    resume: bool = RESUME,
) -> None:
    """Train a ProGAN, a StyleGAN2 or a dvbpr-gan. You can interrupt it at any time and continue with --resume.

    No generator is ever shown held-out products. ProGAN and StyleGAN2 grow progressively. A dvbpr-gan does not grow and
    has no encoder. It draws pictures of a given class. The classes are upper body, lower body and shoes of women's and
    men's sections, if the catalogue tells them; otherwise its most frequent types or groups. --balance then also
    accepts class_name.

    Examples:

      gigs train generator data/hm --start-from hm-64 --critic projected --adversarial-weight 1 --adversarial-after 0
      --images 1000000 --out runs/longer

      gigs train generator data/hm --where 'group in ["Shoes"]' --images 400000 --out runs/shoes

      gigs train generator data/hm --family stylegan2 --objective adversarial --resolution 32 --grow 8:20000,16:40000
      --images 300000 --out runs/stylegan2-32

      gigs train generator data/hm --family dvbpr-gan --images 200000 --balance class_name --out runs/dvbpr-gan
    """
    if family == "dvbpr-gan":
        from gigs.cli.train_dvbpr import train_dvbpr

        return train_dvbpr(
            context, catalogue, out, resume=resume, device=device, compile_networks=compile_networks,
            processes=processes, images=images, batch=batch, resolution=resolution, fmap_base=fmap_base,
            fmap_max=fmap_max, learning_rate=learning_rate, augment=augment, balance=balance, where=where, seed=seed,
        )  # fmt: skip
    from gigs.generator.train.schedule import parse_growth
    from gigs.generator.train.settings import HybridSettings, network_settings, train_settings

    settings = train_settings(
        network_settings(resolution=resolution, fmap_base=fmap_base, fmap_max=fmap_max),
        parse_growth(grow, resolution),
        HybridSettings(
            adversarial_after=adversarial_after, latent=latent_weight, adversarial=adversarial_weight, noise=noise
        ),
        objective=objective, loss=loss, critic=critic, augment=augment, family=family, images=images, batch=batch,
        learning_rate=learning_rate, where=where, balance=balance, seed=seed,
    )  # fmt: skip
    compute = training_compute(
        out, resume=resume, device=device, compile_networks=compile_networks, processes=processes
    )
    _train_generator(catalogue, out, settings, compute, resume, start_from)


def _train_generator(
    catalogue: Path, out: Path, settings: TrainSettings, compute: Compute, resume: bool, start_from: str | None
) -> None:
    """Train, and print where the results are."""
    from gigs.data.catalogue import Catalogue
    from gigs.generator.train.progressive import train_generator
    from gigs.packs.load import start_folder
    from gigs.training.start import Start

    with progress_bars(errors) as on_step:
        path = train_generator(
            Catalogue.open(catalogue), out, settings, compute, on_step=on_step,
            start=Start(resume=resume, weights=start_folder(start_from) if start_from else None),
        )  # fmt: skip
    output.print(f"{path}: {settings.images:,} photos shown; samples in {out}", soft_wrap=True)


@app.command("encoder")
def train_encoder_command(
    catalogue: Path = CATALOGUE,
    generator: str = typer.Option(
        ..., "--generator", "-g", help="Generator file, bundled pack, or folder of a pack or of a run."
    ),
    out: Path = typer.Option(..., "--out", "-o", help="Folder of its own for weights, checkpoints, grids and log."),
    start_from: str = typer.Option(
        None, help="Encoder file, bundled pack, or folder of a pack or of a run, whose encoder training starts from."
    ),
    images: int = typer.Option(
        100_000,
        min=1,
        help="Number of pictures to show in total, including those of a resumed run. Half of them are drawn by the "
        "generator.",
    ),
    batch: int = typer.Option(32, min=2, help="Pictures per step."),
    learning_rate: float = typer.Option(
        1e-3, help="Learning rate of Adam, after a short warm-up. It falls to 0 at the end."
    ),
    latent_weight: float = typer.Option(
        0.1, min=0, help="Weight of the loss on finding a generated picture's latent vector. 0 trains on photos only."
    ),
    fmap_base: int = typer.Option(
        None, min=1, help="Width of a new network, as for `gigs train generator`. Default: 1536."
    ),
    fmap_max: int = typer.Option(None, min=1, help="Width of a new network's widest layer. Default: 256."),
    where: str = WHERE,
    balance: str = BALANCE,
    checkpoint_every: int = typer.Option(10_000, min=1, help="Number of pictures between checkpoints."),
    compile_networks: bool = COMPILE,
    seed: int = typer.Option(0, min=0, help="Random seed."),
    device: str = DEVICE,
    processes: int = PROCESSES,
    resume: bool = RESUME,
) -> None:
    """Train an encoder, photo to latent vector, for any generator (in-domain inversion, Zhu et al. 2020).

    The generator stays as it is. You can interrupt training at any time and continue with --resume and the same
    options. Reconstructions of held-out photos are measured before and after training: LPIPS (0 for equal pictures) and
    mean squared error.

    Examples:

      gigs train encoder data/hm --generator hm-64 --start-from hm-64 --images 40000 --out runs/encoder

      gigs train encoder data/hm --generator runs/shoes --where 'group in ["Shoes"]' --out runs/shoes-encoder
    """
    from gigs.inversion.encoder_steps import EncoderSettings
    from gigs.training.start import Start

    settings = EncoderSettings(
        images=images, batch=batch, learning_rate=learning_rate, latent_weight=latent_weight, fmap_base=fmap_base,
        fmap_max=fmap_max, where=where, balance=balance, seed=seed, checkpoint_every=checkpoint_every,
    )  # fmt: skip
    generator_file = _weights_of(generator, "generator")
    compute = training_compute(
        out, resume=resume, device=device, compile_networks=compile_networks, processes=processes
    )
    encoder_file = _weights_of(start_from, "encoder") if start_from and not resume else None
    _train_encoder(catalogue, generator_file, out, settings, compute, Start(resume=resume, weights=encoder_file))


def _train_encoder(
    catalogue: Path, generator_file: Path, out: Path, settings: EncoderSettings, compute: Compute, start: Start
) -> None:
    """Train, and print where the encoder is and how near reconstructions of held-out photos come."""
    from gigs.data.catalogue import Catalogue
    from gigs.generator.base import load_generator
    from gigs.inversion.train_encoder import TrainingPictures, held_out_figures, train_encoder

    with progress_bars(errors) as on_step:
        pictures = TrainingPictures(Catalogue.open(catalogue), load_generator(generator_file), generator_file)
        path = train_encoder(pictures, out, settings, compute, start=start, on_step=on_step)
    output.print(f"{path}: {settings.images:,} pictures shown; reconstructions in {out}", soft_wrap=True)
    for figures in held_out_figures(path):
        lpips, mse = figures["lpips_vgg"], figures["mse"]
        output.print(
            f"  after {figures['images_shown']:,}: LPIPS (VGG16) {lpips['mean']:.3f} (median {lpips['median']:.3f}), "
            f"MSE {mse['mean']:.4f} (median {mse['median']:.4f}), n={figures['photos']} held-out photos",
            soft_wrap=True,
        )


def _weights_of(name: str, part: str) -> Path:
    """The path itself if it is a file, else the `part` of a run's folder or of a pack (whose hashes are checked)."""
    from gigs.packs.load import start_folder

    path, file = Path(name), f"{part}.safetensors"
    if path.is_file():
        return path
    if (path / file).is_file() and not (path / "pack.json").is_file():
        return path / file
    return start_folder(name) / file
