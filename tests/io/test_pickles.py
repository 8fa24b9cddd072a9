"""A pickle may take memory in proportion to its data, and no more: bombs of a few MB are refused before they are lists.

Row 55.
"""

from __future__ import annotations

import io
import pickle
import tracemalloc
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from gigs.data.importers import pickle_opcodes
from gigs.data.importers.pickle_arrays import read_object_array
from gigs.errors import GigsError, ModelError
from gigs.generator.convert.persistence import read_persistent
from gigs.generator.convert.plain import read_plain
from gigs.io import pickles
from gigs.io.pickles import check_pickle, check_torch_file, unpickle_restricted
from gigs.io.weights.formats import read_arrays, read_checkpoint
from gigs.recommender.models.imported import _from_cornac
from gigs.training.checkpoint import load_checkpoint
from tests.helpers.command_line import gigs

COUNT = 60_000
BOUNDS = ("MAX_STACK", "MAX_CONTAINERS")
BOMBS = {
    "lists on the stack": b"\x80\x02" + b"]" * COUNT + b".",
    "lists in a list": b"\x80\x02](" + (b"]" * 1000 + b"e(") * (COUNT // 1000) + b"e.",
    "dicts and marks": b"\x80\x02" + b"}(" * (COUNT // 2) + b".",
    "sets": b"\x80\x04" + b"\x8f" * COUNT + b".",
    "a memo": b"\x80\x02Nr\xff\xff\xff\x7f.",
    "one value again and again": b"\x80\x02]q\x00" + b"h\x00" * (COUNT // 2) + b".",
}


def zipped(content: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    """As PyTorch writes a file, with another pickle in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


def legacy(content: bytes) -> bytes:
    """As PyTorch wrote files before 1.6: the object is the fourth of five pickles."""
    before = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    return b"".join([*before, content, pickle.dumps([], 2)])


def array_file(content: bytes) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return buffer.getvalue() + content


def checkpoint(path: Path) -> object:
    path.rename(path.with_name("checkpoint.pt"))
    with pytest.warns(UserWarning, match="damaged"):
        return load_checkpoint(path.parent)


READERS = {
    "plain": (lambda content: content, lambda path: unpickle_restricted(path.read_bytes(), [])),
    "weights": (lambda content: content, lambda path: read_arrays(path.read_bytes())),
    "StyleGAN": (lambda content: content, read_persistent),
    "cornac": (lambda content: content, _from_cornac),
    "NumPy": (array_file, lambda path: read_object_array(path, 1)),
    "PyTorch": (zipped, read_plain),
    "older PyTorch": (legacy, read_plain),
    "state dict": (zipped, lambda path: read_checkpoint(path)),
    "checkpoint": (zipped, checkpoint),
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("reader", READERS)
def test_a_bomb_takes_no_memory_whatever_reads_it(reader, bomb, tmp_path, monkeypatch):
    for name, module in ((name, module) for name in BOUNDS for module in (pickles, pickle_opcodes)):
        monkeypatch.setattr(module, name, 1 << 12)  # a walk over millions takes seconds
    wrap, read = READERS[reader]
    path = tmp_path / "bomb.bin"
    path.write_bytes(wrap(BOMBS[bomb]))
    tracemalloc.start()
    try:
        with pytest.raises(GigsError) as refused:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20 and "\n" not in str(refused.value)


def test_the_bounds_themselves_are_small():
    assert pickles.MAX_STACK * 64 < 16 << 20 and pickles.MAX_CONTAINERS * 216 < 256 << 20
    assert pickle_opcodes.MAX_CONTAINERS * 64 <= 256 << 20


def test_a_bomb_packed_small_is_refused_too(tmp_path):
    (tmp_path / "x.pt").write_bytes(zipped(b"]" * 1_000_000 + b".", zipfile.ZIP_DEFLATED))
    assert (tmp_path / "x.pt").stat().st_size < 10_000
    with pytest.raises(ModelError):
        read_plain(tmp_path / "x.pt")


def test_a_plain_pickle_for_a_checkpoint_is_one_line_without_a_warning(tmp_path, recwarn):
    (tmp_path / "x.pkl").write_bytes(pickle.dumps({"a": 1}))
    told = gigs("generator", "convert", tmp_path / "x.pkl", "--out", tmp_path / "out")
    assert told.returncode == 2 and told.stderr.strip().count("\n") == 0 and not recwarn.list


@pytest.mark.parametrize("protocol", range(6))
def test_what_writers_make_is_let_through(protocol):
    content = OrderedDict(
        a=[[number] for number in range(3000)], b={str(number): {} for number in range(3000)}, c=(1, (2, (3,))),
        d=tuple(range(50_000)), e={1, 2}, f=frozenset((3,)), g=2**80, h=b"x" * 300, i=None,
    )  # fmt: skip
    packed = pickle.dumps(content, protocol)
    stream = io.BytesIO(b"before" + packed)
    stream.seek(6)
    check_pickle(stream)
    assert stream.tell() == 6
    allowed = [(module, name) for module in ("builtins", "__builtin__") for name in ("set", "frozenset")]
    allowed += [("collections", "OrderedDict"), ("_codecs", "encode")]
    assert unpickle_restricted(packed, allowed) == content


@pytest.mark.parametrize("zipped_file", [True, False])
def test_what_pytorch_writes_is_let_through(tmp_path, zipped_file):
    state = {f"layer.{number}": torch.ones(3) for number in range(2000)} | {"step": 3, "log": [{"a": 1.0}] * 2000}
    torch.save(state, tmp_path / "x.pt", _use_new_zipfile_serialization=zipped_file)
    check_torch_file(tmp_path / "x.pt")
    assert torch.equal(read_plain(tmp_path / "x.pt")["layer.7"], torch.ones(3))


@pytest.mark.parametrize("content", [b"e.", b"\x80\x020.", b"(((", b"t.", b"", b"\xff", b"](0e.", b"."])
def test_an_opcode_that_takes_what_is_not_there_is_refused(content):
    with pytest.raises(ValueError):
        check_pickle(io.BytesIO(content))
