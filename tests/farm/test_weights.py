from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from gigs.farm.weights import bytes_of, restored, stored


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_tensor_comes_back_in_its_layout_and_in_the_arrays_memory(layout: torch.memory_format) -> None:
    tensor = torch.randn(4, 3, 5, 7).to(memory_format=layout)
    array, last = stored(tensor)
    array.setflags(write=False)  # as in the object store
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = restored((array, last))
    assert torch.equal(back, tensor) and back.stride() == tensor.stride()
    assert back.data_ptr() == array.__array_interface__["data"][0]
    assert array.flags.c_contiguous, "what is not in order is copied into the pickle"


def test_scalars_and_slices_come_back() -> None:
    for tensor in (torch.tensor(3.5), torch.arange(12).reshape(3, 4).T, torch.zeros(0, 2), torch.tensor([True, False])):
        assert torch.equal(restored(stored(tensor)), tensor)


def test_the_room_for_weights_is_that_of_the_tensors() -> None:
    module = nn.Linear(100, 50)
    shared = {"one": module, "again": module, "beside": np.zeros(10)}
    assert bytes_of(shared) == 4 * (100 * 50 + 50)  # type: ignore[arg-type]
    assert isinstance(pickle.loads(pickle.dumps(module)), nn.Linear)
