"""How the commands of `gigs train` that draw or encode pictures compute, and what they say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gigs.cli.console import output

if TYPE_CHECKING:
    from gigs.vision.compute import Compute


def training_compute(
    out: Path, *, resume: bool, device: str, compile_networks: bool, may_move: bool = False
) -> Compute:
    """How to compute, said on the screen: as the run did that is resumed, or as the start-up probe finds best.

    Args:
        out: Folder of the run.
        resume: Whether the run in it goes on.
        device: As the user asked.
        compile_networks: Let the probe time torch.compile, too.
        may_move: A run that goes on does so on the device that is asked for, where one is.
    """
    from gigs.generator.train.progressive import stored_compute
    from gigs.vision.compute import chosen, pick_device

    compute = stored_compute(out) if resume else None
    if compute is None:
        compute = chosen(pick_device(device), allow_compile=compile_networks)
    elif may_move:
        compute = replace(compute, device=pick_device(compute.device if device == "auto" else device))
    output.print(f"computing with {compute.describe()}", highlight=False)
    return compute
