"""`gigs train refiner`: the last part of a cascade, which makes blurred pictures sharp."""

from __future__ import annotations

from pathlib import Path

import typer

from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars
from gigs.cli.train_compute import training_compute
from gigs.cli.train_flow import EVERY, START, checked, widths
from gigs.cli.train_options import BALANCE, CATALOGUE, COMPILE, DEVICE, RESUME, WHERE
from gigs.cli.train_processes import PROCESSES


def train_refiner_command(
    catalogue: Path = CATALOGUE,
    flow: Path = typer.Option(
        ...,
        "--flow",
        "-f",
        help="File of a latent flow with a prior, or of a cascade. Prior and components are taken from it.",
    ),
    out: Path = typer.Option(..., "--out", "-o", help="Folder of its own for weights, checkpoints, samples and log."),
    images: int = typer.Option(
        400_000, min=1, help="Number of photos to show in total, including those of a resumed run."
    ),
    channels: str = typer.Option(
        "48,96,192",
        help="Widths of the levels from patches of 4 x 4 pixels down. Each level after the first halves the side.",
    ),
    batch: int = typer.Option(32, min=2, help="Pictures per step: half are photos, half are samples."),
    learning_rate: float = typer.Option(4e-4, help="Learning rate of Adam, after a short warm-up."),
    ema: float = typer.Option(
        0.999, min=0, help="Decay per batch of the averaged weights. The averaged weights are saved."
    ),
    lpips: float = typer.Option(1.0, min=0, help="Weight of LPIPS (VGG16) on redrawn photos."),
    judged: int = typer.Option(4, min=1, help="Photos per batch that LPIPS sees."),
    window: int = typer.Option(64, help="Side in pixels of the part of a photo that LPIPS sees, at least 32."),
    adversarial: float = typer.Option(
        0.7, min=0, help="The critic's gradient at the pixels, as a share of the other losses'. 0 uses no critic."
    ),
    adversarial_after: int = typer.Option(2_000, min=0, help="Number of photos after which the critic joins in."),
    critic_side: int = typer.Option(
        64, help="Side in pixels to which pictures are shrunk for the critic. Shapes are learned at 64, texture above."
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
    """Train a refiner. With the prior and components of a latent flow it is a generator of the family cascade.

    The prior draws a blurred picture, and the refiner redraws it as a photo. It learns from photos whose detail was
    taken away, by features and LPIPS, and from samples, by a critic on frozen features. You can interrupt training at
    any time and continue with --resume and the same options.

    Example: gigs train refiner data/hm-128 --flow runs/flow/generator.safetensors --out runs/cascade
    """
    from gigs.data.catalogue import Catalogue
    from gigs.generator.train.refiner import train_refiner
    from gigs.generator.train.refiner_settings import RefinerNetworkSettings, RefinerTrainSettings
    from gigs.training.start import Start

    settings = checked(
        RefinerTrainSettings, network=checked(RefinerNetworkSettings, channels=widths(channels)), images=images,
        batch=batch, moved=batch * 3 // 16, learning_rate=learning_rate, ema=ema, lpips=lpips, judged=judged,
        window=window, adversarial=adversarial, adversarial_after=adversarial_after, critic_side=critic_side,
        where=where, balance=balance, seed=seed, checkpoint_every=checkpoint_every or 10_000,
    )  # fmt: skip
    compute = training_compute(
        out, resume=resume, device=device, compile_networks=compile_networks, processes=processes, may_move=True
    )
    with progress_bars(errors) as on_step:
        path = train_refiner(
            Catalogue.open(catalogue),
            flow,
            out,
            settings,
            compute,
            start=Start(resume=resume, weights=start_from),
            on_step=on_step,
        )
    output.print(f"{path}: {images:,} photos shown; samples in {out}", soft_wrap=True)
