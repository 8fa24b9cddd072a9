"""How the commands of `gigs train` that draw or encode pictures compute, and what they print about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gigs.cli.console import output
from gigs.cli.train_processes import shared

if TYPE_CHECKING:
    from gigs.vision.compute import Compute


def training_compute(
    out: Path, *, resume: bool, device: str, compile_networks: bool, processes: int, may_move: bool = False
) -> Compute:
    """Choose how to compute, and print it.

    A resumed run computes as before; a new one as the start-up probe finds fastest.

    Several processes are started, or join one another, here. The command's settings must be checked before.

    Args:
        out: Folder of the run.
        resume: Whether the run in `out` is continued.
        device: As the user asked.
        compile_networks: Let the probe also time torch.compile.
        processes: Number of processes that share the batches.
        may_move: Whether a resumed run may move to the device that the user asks for.
    """
    from gigs.generator.train.progressive import stored_compute
    from gigs.training.processes import here
    from gigs.vision.compute import chosen, pick_device

    compute = stored_compute(out) if resume else None
    as_before = compute is not None and device == "auto"
    place = shared(processes, compute.device.partition(":")[0] if compute and as_before else device)
    if here().count > 1:
        found = compute
        compute = here().from_main(lambda: found or chosen(place, allow_compile=compile_networks))
        compute = replace(compute, device=place)  # each has a GPU of its own
    elif compute is None:
        compute = chosen(pick_device(device), allow_compile=compile_networks)
    elif may_move:
        compute = replace(compute, device=pick_device(compute.device if device == "auto" else device))
    output.print(f"computing with {compute.describe()}", highlight=False)
    return compute
