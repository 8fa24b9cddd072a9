"""`gigs train generator --family dvbpr-gan`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars
from gigs.cli.train_compute import training_compute
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.generator.train.dvbpr_gan import train_dvbpr_gan
from gigs.generator.train.dvbpr_settings import dvbpr_train_settings

# Options that say nothing here: it does not grow, has one objective, one loss and one critic, and no encoder.
FOREIGN = (
    "objective", "loss", "grow", "adversarial_after", "critic", "adversarial_weight", "noise", "start_from",
    "latent_weight",
)  # fmt: skip


def train_dvbpr(
    context: typer.Context,
    catalogue: Path,
    out: Path,
    *,
    resume: bool,
    device: str,
    compile_networks: bool,
    processes: int,
    **options: Any,
) -> None:
    """Check the options, train, and print where the results are.

    Raises:
        InputError: An option has no meaning for this family.
    """
    for name in FOREIGN:
        source = context.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT":
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{option}: has no meaning for --family dvbpr-gan; leave it out")
    settings = dvbpr_train_settings(**options)
    compute = training_compute(
        out, resume=resume, device=device, compile_networks=compile_networks, processes=processes
    )
    with progress_bars(errors) as on_step:
        path = train_dvbpr_gan(Catalogue.open(catalogue), out, settings, compute, resume=resume, on_step=on_step)
    output.print(
        f"{path}: {settings.images:,} photos shown; its critic and samples (a row a class) in {out}", soft_wrap=True
    )
