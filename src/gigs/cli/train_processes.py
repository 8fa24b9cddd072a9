"""The option `--processes` of `gigs train`: start processes, or join those that a launcher started."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import typer

from gigs.cli.console import errors, output

PROCESSES = typer.Option(
    1,
    "--processes",
    min=1,
    help="Number of processes that share each batch, on a CPU or with one GPU each. Leave it out under torchrun or "
    "accelerate launch.",
)


def shared(processes: int, device: str) -> str:
    """The device of this process, once it has joined those that it shares its batches with.

    The process that the user started starts the others, waits for them, and ends the command here. Processes that a
    launcher started join one another; all but the first are silent from here on.

    Args:
        processes: Number of processes that the user asked for.
        device: Device that the user asked for; returned if there is only one process.

    Raises:
        InputError: The processes cannot be started.
        GigsError: The error of a process that failed.
        typer.Exit: The processes have finished the work.
    """
    from gigs.errors import InputError
    from gigs.training.processes import join, started_together

    together = started_together()
    if together == 1 and processes == 1:
        return device
    if together == 1:
        _start(processes, device)
        raise typer.Exit
    if processes not in (1, together):
        raise InputError(f"--processes {processes}: the launcher started {together}; leave the option out")
    group = join(device)
    output.quiet = errors.quiet = not group.main
    return group.device


def _start(processes: int, device: str) -> None:
    """Run this command in several processes.

    Raises:
        InputError: accelerate is missing, or there are too few GPUs.
        GigsError: The error of a process that failed.
        KeyboardInterrupt: The processes were asked to end, and have ended.
    """
    import torch

    from gigs.errors import InputError
    from gigs.training.launch import launch
    from gigs.training.processes import MISSING, require_shareable

    require_shareable(device)
    if find_spec("accelerate") is None:
        raise InputError(MISSING)
    gpus = torch.cuda.device_count() if device != "cpu" else 0
    if 0 < gpus < processes:
        raise InputError(
            f"--processes {processes}: there are {gpus} GPUs, and each process needs one; --device cpu does without"
        )
    launch(["-m", "gigs", *sys.argv[1:]], processes)
