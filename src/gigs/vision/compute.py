"""How to compute fast on this machine: device, precision, memory layout and compilation.

bf16 convolutions are several times faster than fp32 on a CPU with AMX, and slower without. For redesigns, the choice
depends only on the kind of machine (`suited`), so that results are reproducible. For long trainings, it is measured at
the start (`chosen`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from gigs.errors import InputError, is_out_of_memory
from gigs.vision.pixel_norm import PixelNorm

AMPERE = 8  # compute capability from which a GPU multiplies matrices in bf16


@dataclass(frozen=True, kw_only=True)
class Compute:
    """A way of computing."""

    device: str = "cpu"
    bf16: bool = False
    channels_last: bool = False
    compile: bool = False

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Context in which networks run. Losses and updates stay in fp32."""
        if not self.bf16:
            return contextlib.nullcontext()
        return torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16)

    def place(self, module: nn.Module) -> nn.Module:
        """Move a network to the device, in the chosen layout."""
        module = module.to(self.device)
        return module.to(memory_format=torch.channels_last if self.channels_last else torch.contiguous_format)

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, compiled if that was chosen."""
        return torch.compile(function, dynamic=False) if self.compile else function

    def describe(self) -> dict[str, Any]:
        """For logs and result files."""
        return asdict(self)


def pick_device(name: str) -> str:
    """Check a device, or choose the best one for `auto`.

    Raises:
        InputError: The device is not available on this machine.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"`device` {name}: not available here; try cpu") from error
    return name


def probe(device: str = "cpu", *, allow_compile: bool = False, repeats: int = 3, rounds: int = 4) -> Compute:
    """Time one small network, forward and backward, in each candidate and take the fastest (about 2 s).

    Candidates take turns for a few rounds, and the best pass of each counts. Other load on the machine thus matters
    less.

    `allow_compile` also times the compiled network. This takes 10 s more and pays for long runs. It is chosen if it
    saves at least a tenth.
    """
    candidates = [
        Compute(device=device, bf16=bf16, channels_last=last) for bf16 in (False, True) for last in (False, True)
    ]
    turns = [[_seconds(candidate, repeats) for candidate in candidates] for _ in range(rounds)]
    seconds = [min(times) for times in zip(*turns, strict=True)]
    best, fastest = candidates[seconds.index(min(seconds))], min(seconds)
    if not allow_compile or (device == "cpu" and shutil.which("g++") is None):
        return best
    compiled = replace(best, compile=True)
    return compiled if _seconds(compiled, repeats) < 0.9 * fastest else best


def suited(device: str = "cpu") -> Compute:
    """Choose by the kind of machine, not by its load, so that the same seed always gives the same bytes.

    bf16 is used if the processor (AMX) or the GPU (Ampere and later) multiplies matrices in it, and channels_last if
    there are kernels for it. A result records the choice. `GIGS_COMPUTE` (`wished`) overrides it, for example to repeat
    a result from another machine.

    Raises:
        InputError: `GIGS_COMPUTE` is of another form.
    """
    if wish := wished(device):
        return wish
    kind = torch.device(device).type
    if kind == "cuda":
        bf16 = torch.cuda.get_device_capability(device)[0] >= AMPERE
        return Compute(device=device, bf16=bf16, channels_last=True)
    if kind == "cpu":
        return Compute(device=device, bf16=has_amx(), channels_last=True)
    return Compute(device=device)


def has_amx() -> bool:
    """Whether the processor has AMX; AVX-512 with bf16 alone is no faster than fp32."""
    return bool(torch.cpu._is_amx_tile_supported())


def chosen(device: str, *, allow_compile: bool = False) -> Compute:
    """Choose for a long run: what `GIGS_COMPUTE` asks for, or else what the probe finds now."""
    return wished(device) or probe(device, allow_compile=allow_compile)


def wished(device: str) -> Compute | None:
    """What the environment variable `GIGS_COMPUTE` asks for, such as `fp32` or `bf16,channels_last,compile`.

    Raises:
        InputError: It has another form.
    """
    text = os.environ.get("GIGS_COMPUTE")
    if not text:
        return None
    parts = set(text.split(","))
    if not parts <= {"fp32", "bf16", "channels_last", "compile"} or len(parts & {"fp32", "bf16"}) != 1:
        raise InputError(f"GIGS_COMPUTE={text!r}: write fp32 or bf16, then ,channels_last and ,compile as wanted")
    return Compute(
        device=device, bf16="bf16" in parts, channels_last="channels_last" in parts, compile="compile" in parts
    )


def _seconds(compute: Compute, repeats: int) -> float:
    """Best time of one pass; infinity if the device cannot do it."""
    try:
        with torch.random.fork_rng(devices=[]):
            x = torch.randn(8, 128, 16, 16, device=compute.device)
            weight = torch.randn(128, 128, 3, 3, device=compute.device).mul(0.03)
        if compute.channels_last:
            x, weight = (t.to(memory_format=torch.channels_last) for t in (x, weight))
        weight.requires_grad_()
        stack = compute.compiled(_stack)
        return min(_pass(compute, stack, x, weight) for _ in range(repeats + 1))
    except RuntimeError:
        return float("inf")


def _stack(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The layers of a typical generator: convolution, leaky ReLU, PixelNorm."""
    norm = PixelNorm()
    for _ in range(4):
        x = F.leaky_relu(F.conv2d(x, weight, padding=1), 0.2)
        x = norm(x)
    return x.float().sum()


def _pass(compute: Compute, stack: Callable[..., Any], x: torch.Tensor, weight: torch.Tensor) -> float:
    started = time.perf_counter()
    with compute.autocast():
        total = stack(x, weight)
    total.backward()
    if compute.device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - started


def in_batches(count: int, size: int, run: Callable[[int, int], None]) -> None:
    """Call `run(start, stop)` over `count` rows, `size` at a time. A batch that does not fit into memory is halved.

    Raises:
        InputError: A single row does not fit.
    """
    start = 0
    while start < count:
        stop = min(start + size, count)
        try:
            run(start, stop)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if stop - start == 1:
                raise InputError("out of memory; close other programs, or use a smaller picture or model") from error
            size = (stop - start) // 2  # and stays so: the next one would not fit either
        else:
            start = stop
