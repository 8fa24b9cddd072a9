"""`gigs train autoencoder` and `gigs train flow`: the two halves of a latent flow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars
from gigs.cli.train_compute import training_compute
from gigs.cli.train_options import BALANCE, CATALOGUE, COMPILE, DEVICE, RESUME, WHERE
from gigs.cli.train_processes import PROCESSES

START = typer.Option(
    None, help="File to start training from, with fresh optimisers. The photos that it was shown count."
)
EVERY = typer.Option(None, min=1, help="Number of photos between checkpoints.")


def train_autoencoder_command(
    catalogue: Path = CATALOGUE,
    out: Path = typer.Option(..., "--out", "-o", help="Folder of its own for weights, checkpoints, grids and log."),
    images: int = typer.Option(
        200_000, min=1, help="Number of photos to show in total, including those of a resumed run."
    ),
    patch: int = typer.Option(
        4, min=1, help="Side in pixels of the patches. Each patch becomes one place with many channels."
    ),
    channels: str = typer.Option(
        "96,128,192",
        help="Widths of the levels from the patches down. Each level halves the side, except the first: with "
        "patches of 4, three levels give a sixteenth.",
    ),
    latent_channels: int = typer.Option(
        96, min=1, help="Channels of the latents. More give better reconstructions; fewer are learned sooner."
    ),
    encoder: str = typer.Option(
        "linear",
        help="linear: principal components of squares of pixels, so latents never change while the decoder learns. "
        "network: a network's output is added to them.",
    ),
    resolution: int = typer.Option(
        128, help="Side of the photos in pixels. The catalogue must have been imported at this size or larger."
    ),
    batch: int = typer.Option(8, min=1, help="Photos per step."),
    crop: int = typer.Option(64, help="Side in pixels of the crop of each photo that a step sees."),
    window: int = typer.Option(
        48, help="Side in pixels of the part of the crop that LPIPS and the critic see, at least 32."
    ),
    judged: int = typer.Option(
        2, min=1, help="Photos per batch that LPIPS and the critic see. They cost more than all the rest."
    ),
    learning_rate: float = typer.Option(2e-4, help="Learning rate of Adam, after a short warm-up."),
    ema: float = typer.Option(
        0.999, min=0, help="Decay per batch of the averaged weights. The averaged weights are saved."
    ),
    coarse: float = typer.Option(
        1.0,
        min=0,
        help="Weight of the error of mean colours; each mean is over the pixels that one place of the latents covers.",
    ),
    lpips: float = typer.Option(1.0, min=0, help="Weight of LPIPS (VGG16). The mean absolute error has weight 1."),
    lpips_after: int = typer.Option(0, min=0, help="Number of photos after which LPIPS joins in."),
    adversarial: float = typer.Option(
        0.2, min=0, help="The critic's gradient at the pixels, as a share of the other losses'. 0 uses no critic."
    ),
    adversarial_after: int = typer.Option(60_000, min=0, help="Number of photos after which the critic joins in."),
    noise: float = typer.Option(
        0.0,
        min=0,
        help="Highest standard deviation of noise added to latents, whose strongest component has 1. With it the "
        "decoder learns to clean up what a flow draws; 0.15 is usual.",
    ),
    flow: Path = typer.Option(
        None,
        "--flow",
        help="File of a latent flow over the same latents. Half of the photos are then shown with latents that it has "
        "drawn anew, so the decoder learns to clean up what it draws. Needs --crop of the whole photo.",
    ),
    start_from: Path = START,
    checkpoint_every: int = EVERY,
    where: str = WHERE,
    balance: str = BALANCE,
    compile_networks: bool = COMPILE,
    seed: int = typer.Option(0, min=0, help="Random seed."),
    device: str = DEVICE,
    processes: int = PROCESSES,
    resume: bool = RESUME,
) -> None:
    """Train an autoencoder, which turns photos into small latents and back. The next step is a flow over these latents.

    The losses are L1 of pixels and of mean colours, LPIPS, a weak normal prior and, later on, a critic on frozen
    features. You can interrupt training at any time and continue with --resume and the same options. Checkpoints come
    with a grid of held-out photos beside their reconstructions.

    Examples:

      gigs train autoencoder data/hm-128 --images 400000 --out runs/autoencoder

      gigs train autoencoder data/hm-128 --start-from runs/autoencoder/autoencoder.safetensors --noise 0.15 --crop 128
      --window 64 --flow runs/flow/generator.safetensors --out runs/decoder

      gigs train autoencoder data/hm-128 --batch 64 --crop 128 --window 96 --judged 32 --out runs/autoencoder   # GPU
    """
    from gigs.data.catalogue import Catalogue
    from gigs.generator.families.autoencoder import AutoencoderSettings
    from gigs.generator.train.autoencoder import train_autoencoder
    from gigs.generator.train.autoencoder_settings import AutoencoderTrainSettings
    from gigs.training.start import Start

    network = checked(
        AutoencoderSettings, patch=patch, channels=widths(channels), latent_channels=latent_channels,
        encoder=encoder, resolution=resolution,
    )  # fmt: skip
    settings = checked(
        AutoencoderTrainSettings, network=network, images=images, batch=batch, crop=crop, window=window,
        judged=judged, learning_rate=learning_rate, ema=ema, coarse=coarse, lpips=lpips,
        lpips_after=lpips_after, adversarial=adversarial, adversarial_after=adversarial_after, noise=noise,
        redrawn=batch // 2 if flow else 0, where=where, balance=balance, seed=seed,
        checkpoint_every=checkpoint_every or 4_000,
    )  # fmt: skip
    compute = training_compute(
        out, resume=resume, device=device, compile_networks=compile_networks, processes=processes, may_move=True
    )
    start = Start(resume=resume, weights=start_from)
    with progress_bars(errors) as on_step:
        path = train_autoencoder(
            Catalogue.open(catalogue),
            out,
            settings,
            compute,
            flow=flow,
            start=start,
            on_step=on_step,
        )
    output.print(f"{path}: {images:,} photos shown; reconstructions in {out}", soft_wrap=True)
    output.print(f"next: gigs train flow {catalogue} --autoencoder {path} --out FOLDER", soft_wrap=True)


def train_flow_command(
    catalogue: Path = CATALOGUE,
    autoencoder: Path = typer.Option(
        ...,
        "--autoencoder",
        "-a",
        help="File from `gigs train autoencoder`, or a diffusers folder of an AutoencoderKL.",
    ),
    out: Path = typer.Option(..., "--out", "-o", help="Folder of its own for weights, latents, checkpoints and log."),
    images: int = typer.Option(
        2_000_000, min=1, help="Number of latents to show in total, including those of a resumed run."
    ),
    channels: str = typer.Option(
        "96,192,256",
        help="Widths of the levels from the latents' own side down. Each level after the first halves the side.",
    ),
    layers: int = typer.Option(2, min=1, help="Residual blocks per level; one more on the way up."),
    conditions: str = typer.Option(
        "type,colour,appearance", help="Columns of the item table that the flow is conditioned on."
    ),
    directions: int = typer.Option(
        256,
        min=0,
        help="Number of principal directions of whole pictures along which the noise varies as photos do.",
    ),
    prior_examples: int = typer.Option(
        3_000_000,
        min=0,
        help="Coarse pictures to show the prior, which is trained first and draws what lies along the directions. "
        "0 trains no prior: the flow then draws everything itself.",
    ),
    photos: int = typer.Option(0, min=0, help="Train on this many photos only, drawn at random. 0 takes all."),
    mirrored: bool = typer.Option(
        True, help="Also show photos mirrored. Twice as many latents are then computed at the start."
    ),
    batch: int = typer.Option(64, min=1, help="Latents per step."),
    learning_rate: float = typer.Option(4e-4, help="Learning rate of Adam, after a short warm-up."),
    ema: float = typer.Option(
        0.9995, min=0, help="Decay per batch of the averaged weights. The averaged weights are saved."
    ),
    start_from: Path = START,
    checkpoint_every: int = EVERY,
    where: str = WHERE,
    balance: str = BALANCE,
    compile_networks: bool = COMPILE,
    seed: int = typer.Option(0, min=0, help="Random seed."),
    device: str = DEVICE,
    processes: int = PROCESSES,
    resume: bool = RESUME,
) -> None:
    """Train a flow over an autoencoder's latents. Together they are a generator of the family latent-flow.

    The photos' latents are computed once, at the start. The flow learns the straight path from noise to a latent,
    mostly with the photo's attributes and sometimes without. You can interrupt training at any time and continue with
    --resume and the same options.

    Example: gigs train flow data/hm-128 --autoencoder runs/autoencoder/autoencoder.safetensors --out runs/flow
    """
    from gigs.data.catalogue import Catalogue
    from gigs.generator.families.flow_network import FlowNetworkSettings
    from gigs.generator.train.flow import LatentData, train_flow
    from gigs.generator.train.flow_settings import FlowTrainSettings
    from gigs.training.start import Start

    settings = checked(
        FlowTrainSettings, images=images,
        network=checked(
            FlowNetworkSettings, channels=widths(channels), layers=layers, prior_blocks=4 if prior_examples else 0
        ),
        batch=batch, learning_rate=learning_rate, ema=ema, directions=directions, photos=photos,
        prior_examples=max(1, prior_examples),
        mirrored=mirrored, where=where,
        balance=balance, seed=seed, checkpoint_every=checkpoint_every or 20_000,
        conditions=tuple(name.strip() for name in conditions.split(",") if name.strip()),
    )  # fmt: skip
    compute = training_compute(
        out, resume=resume, device=device, compile_networks=compile_networks, processes=processes, may_move=True
    )
    start = Start(resume=resume, weights=start_from)
    with progress_bars(errors) as on_step:
        path = train_flow(
            LatentData(Catalogue.open(catalogue), autoencoder),
            out,
            settings,
            compute,
            start=start,
            on_step=on_step,
        )
    output.print(f"{path}: {images:,} latents shown; samples in {out}", soft_wrap=True)


def widths(text: str) -> tuple[int, ...]:
    """Numbers that a user wrote with commas between."""
    from gigs.errors import InputError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--channels {text!r}: write widths separated by commas, such as 16,32,96,192") from error


def checked(build: Any, **options: Any) -> Any:
    """Make the settings; turn an invalid one into an error for the user."""
    from gigs.errors import InputError

    try:
        return build(**options)
    except ValueError as error:
        raise InputError(str(error)) from error
