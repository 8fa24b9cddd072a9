"""What every worker needs, put once into Ray's object store: workers read the weights where they lie.

PyTorch pickles a tensor by copying it. Here its numbers go into the store as they are, and a worker's tensor is a view
of that shared memory: however many workers a machine has, it holds the weights once. They are read-only there, which
frozen networks are in any case.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.audience import Audience
from gigs.method.options import Options
from gigs.session import Session
from gigs.verify.panel import Panel

Stored = tuple[np.ndarray, bool]


@dataclass(frozen=True)
class Kit:
    """A session with its networks read and placed, and by name the audiences and who checks redesigns for each."""

    session: Session
    options: Options
    audiences: Mapping[str, Audience]
    panels: Mapping[str, Panel | None]


def kit_of(session: Session, options: Options, audiences: list[Audience]) -> Kit:
    """Read everything from disk that a worker would read."""
    panels = {one.name: session.panel(one, options) for one in audiences}
    recommenders = [session.recommender]
    for panel in filter(None, panels.values()):
        recommenders += [scorer.recommender for scorer in (*panel.targets, *panel.judges)]
    for each in recommenders:
        getattr(each, "backbone", None)  # a VBPR's is read when it is first asked for
    for name in ("gate", "files"):
        getattr(session, name)
    session.models(session.compute(options.preset))
    return Kit(session, options, {one.name: one for one in audiences}, panels)


def put(kit: Any) -> Any:
    """Put a kit into the object store; gives Ray's reference to it."""
    import ray

    ray.util.register_serializer(Tensor, serializer=stored, deserializer=restored)
    try:
        return ray.put(kit)
    finally:
        ray.util.deregister_serializer(Tensor)


def stored(tensor: Tensor) -> Stored:
    """A tensor's numbers as one array in the order in which they lie, and whether that is channels_last."""
    tensor = tensor.detach().cpu()
    last = tensor.ndim == 4 and not tensor.is_contiguous() and _is_channels_last(tensor)
    return (tensor.permute(0, 2, 3, 1) if last else tensor.contiguous()).numpy(), last


def restored(given: Stored) -> Tensor:
    """The tensor again, in the very memory of the array."""
    array, last = given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it cannot be written to: nobody does
        tensor = torch.from_numpy(array)
    return tensor.permute(0, 3, 1, 2) if last else tensor


def bytes_of(kit: Any) -> int:
    """How much room the weights of a kit need: what its tensors hold."""
    import ray.cloudpickle as pickle

    sizes: list[int] = []

    class Counter(pickle.CloudPickler):
        def reducer_override(self, obj: Any) -> Any:
            if type(obj) is not Tensor:
                return super().reducer_override(obj)
            sizes.append(obj.numel() * obj.element_size())
            return int, ()

    Counter(io.BytesIO()).dump(kit)
    return sum(sizes)


def _is_channels_last(tensor: Tensor) -> bool:
    return tensor.is_contiguous(memory_format=torch.channels_last)
