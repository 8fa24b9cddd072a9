"""Training with several processes, on one or more machines, with the same result as one process with the whole batch.

Every process draws the same random numbers for the whole batch and takes its share: every n-th row, from its own place
on. Losses are means over rows, so the mean of the processes' gradients is the gradient of the whole batch. Weights,
random numbers and checkpoints are then the same in all processes, and no trace is left of how many there were.

`DistributedDataParallel` does not fit here: a step of a GAN goes backwards through shared networks several times, parts
of them frozen or not yet grown, and clips gradients or weighs losses in between. Gradients are averaged explicitly
instead, by accelerate's own `reduce`.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from gigs.errors import GigsError, InputError, is_out_of_memory
from gigs.io import folders

T = TypeVar("T")
Rows = TypeVar("Rows", Tensor, np.ndarray)
TIMEOUT = "GIGS_PROCESS_TIMEOUT"  # environment variable: seconds after which a process that does not answer is given up
DEFAULT_TIMEOUT = 3600.0  # the others wait while the first one encodes photos or measures
PLACE = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # what a launcher says beside WORLD_SIZE
MISSING = "training by several processes needs accelerate: pip install 'gigs[distributed]'"


class LostError(GigsError):
    """Another process of the training has ended, or does not answer."""


@dataclass(frozen=True)
class Processes:
    """The processes that train together, seen from one of them.

    Attributes:
        rank: Number of this process, from 0; the first one alone writes files and shows progress.
        count: How many there are.
        device: Where this one computes.
    """

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    @property
    def main(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def mine(self, rows: Rows) -> Rows:
        """This process's share of the rows of a whole batch: every `count`-th.

        The first half of the share is the share of the first half, and rows that a layer groups stay in their groups.
        """
        return rows if self.count == 1 else rows[self.rank :: self.count]

    def draw(self, kind: Callable[..., Tensor], shape: Sequence[int], rng: torch.Generator) -> Tensor:
        """Random numbers for the rows of a share, as one process would draw them for the whole batch.

        Args:
            kind: Such as `torch.randn`; takes the shape and `generator`.
            shape: Of the share's numbers, rows first.
            rng: At the same state in every process.
        """
        return self.mine(kind((shape[0] * self.count, *shape[1:]), generator=rng))

    def require_shares(self, **counts: int) -> None:
        """Refuse rows that cannot be shared evenly.

        Args:
            counts: How many rows there are, by the name of what they are.

        Raises:
            InputError: It names them.
        """
        for name, count in counts.items():
            if count % self.count:
                raise InputError(
                    f"{self.count} processes cannot share {count} {name.replace('_', ' ')} evenly; choose a batch that "
                    "fits, or another number of processes"
                )

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """The mean of each value over the processes."""
        if self.count == 1:
            return dict(values)
        found = self._reduced(torch.tensor(list(values.values()), dtype=torch.float64), "mean")
        return dict(zip(values, found.tolist(), strict=True))

    def mean(self, value: float) -> float:
        """The mean of a value over the processes; not finite, if any is not."""
        return self.means({"": value})[""]

    def mean_of(self, values: Tensor) -> Tensor:
        """The mean over the processes, element by element, without gradient."""
        return values if self.count == 1 else self._reduced(values.detach(), "mean")

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        return flag if self.count == 1 else self.mean(float(flag)) > 0

    def length(self, shares: Tensor) -> Tensor:
        """Euclidean length of what all shares make together."""
        if self.count == 1:
            return shares.norm()
        return self._reduced(shares.detach().double().square().sum(), "sum").sqrt().to(shares.dtype)

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Put the mean over the processes in the place of each gradient; parameters without one are left out."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        together = self._reduced(torch.cat([gradient.reshape(-1) for gradient in gradients]), "mean")
        pieces = together.split([gradient.numel() for gradient in gradients])
        for gradient, piece in zip(gradients, pieces, strict=True):
            gradient.copy_(piece.view_as(gradient))

    def from_main(self, make: Callable[[], T]) -> T:
        """What the first process makes, for all of them; the others wait."""
        if self.count == 1:
            return make()
        from accelerate.utils import broadcast_object_list

        box: list[Any] = [make() if self.main else None]
        with _connected():
            found: T = broadcast_object_list(box)[0]
        return found

    def gathered(self, value: T) -> list[T]:
        """The values of all processes, in the order of their numbers."""
        if self.count == 1:
            return [value]
        from accelerate.utils import gather_object

        with _connected():
            found: list[T] = gather_object([value])
        return found

    def wait(self) -> None:
        """Until all processes are here."""
        self.any(False)

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """The first process runs the block before the others: what it leaves on disk, they find."""
        if not self.main:
            self.wait()
        yield
        if self.main:
            self.wait()

    def _reduced(self, values: Tensor, way: str) -> Tensor:
        from accelerate.utils import reduce

        with _connected():
            found: Tensor = reduce(values.to(self.device), way)
        return found


ALONE = Processes()
_HERE = [ALONE]


def here() -> Processes:
    """The processes that this one trains with; alone, unless it has joined others."""
    return _HERE[0]


def started_together() -> int:
    """How many processes a launcher started together with this one, by its environment; 1 where none did.

    Raises:
        InputError: The environment says something else than a number.
    """
    text = os.environ.get("WORLD_SIZE", "1")
    if not text.isdigit() or int(text) < 1:
        raise InputError(f"WORLD_SIZE={text!r} in the environment: a launcher writes a number there; unset it")
    return int(text)


def join(device: str = "auto") -> Processes:
    """Join the processes that a launcher (gigs, torchrun, accelerate launch) started with this one.

    On CPUs they talk through gloo; on GPUs, one a process, through NCCL.

    Args:
        device: `cpu`, `cuda`, or `auto` for GPUs where there are any.

    Raises:
        InputError: accelerate is not installed, the device is not one that processes can share, or the launcher has not
            said which of the processes this is.
        LostError: Not all of them came in time.
    """
    if here().count > 1 or started_together() == 1:
        return here()
    require_shareable(device)
    if missing := [name for name in PLACE if name not in os.environ]:
        raise InputError(
            f"WORLD_SIZE={started_together()} is set in the environment, but not {', '.join(missing)}: start "
            "the processes with `processes`, torchrun or accelerate launch, or unset it"
        )
    try:
        from accelerate import PartialState
    except ImportError as error:
        raise InputError(MISSING) from error
    on_cpu = device == "cpu" or not torch.cuda.is_available()
    with _connected():
        state = PartialState(cpu=on_cpu, timeout=timedelta(seconds=_timeout()))
    place = "cpu" if on_cpu else str(state.device)
    _HERE[0] = Processes(state.process_index, state.num_processes, place)
    atexit.register(leave)
    return here()


def leave() -> None:
    """Part from the others, once all work is done; nothing where there are none."""
    if here().count > 1:
        from accelerate import PartialState

        with contextlib.suppress(RuntimeError):
            PartialState().destroy_process_group()
        PartialState._reset_state()
        _HERE[0] = ALONE


def require_shareable(device: str) -> None:
    """Refuse a device of which processes cannot have one each.

    Raises:
        InputError: It is one GPU, or another kind of device.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise InputError(f"`device` {device}: several processes compute on cpu, or on cuda with a GPU each; choose one")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("`device` cuda: not available here; try cpu")


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder for writing (`io.folders.owned`): the first process does, for all of them."""
    with folders.owned(folder) if here().main else contextlib.nullcontext():
        yield


def require_same(folder: Path, tensors: Collection[Tensor], rows: int) -> None:
    """Check that all processes begin with the same weights and as many photos.

    Raises:
        InputError: They do not: their files, versions or options differ.
    """
    if here().count == 1:
        return
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    found = here().gathered((rows, digest.hexdigest()))
    for rank, other in enumerate(found):
        if other != found[0]:
            raise InputError(
                f"{folder}: process {rank + 1} of {len(found)} begins with other photos or weights than the first; all "
                "must see the same files, and run the same version of gigs with the same options"
            )


@contextmanager
def _connected() -> Iterator[None]:
    """Say what a broken connection means."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise LostError(
            "another process of this training has ended or does not answer; saved work is kept, and `resume` "
            f"continues from it ({str(error).partition(chr(10))[0]})"
        ) from error


def _timeout() -> float:
    text = os.environ.get(TIMEOUT, str(DEFAULT_TIMEOUT))
    if not text.replace(".", "", 1).isdigit() or float(text) == 0:
        raise InputError(f"{TIMEOUT}={text!r}: write seconds, such as 600")
    return float(text)
