"""Object arrays of Python 2 are read as they were written; a hostile one is refused before anything of it is run."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import pickletools
import struct
import tracemalloc

import numpy as np
import pytest

from gigs.data.importers.pickle_arrays import KEPT, Span, read_object_array
from gigs.errors import DataError
from tests.data.importers.python2 import DTYPE, NDARRAY, RECONSTRUCT, Pickler, Raw, shop, write_npy


@pytest.fixture
def path(tmp_path):
    return tmp_path / "AmazonFashion6ImgPartitioned.npy"


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """Nothing here may ever be called."""
    called = []
    for module, name in ((os, "system"), (builtins, "eval"), (builtins, "exec"), (builtins, "__import__")):
        if name != "__import__":
            monkeypatch.setattr(module, name, lambda *arguments, name=name: called.append((name, arguments)))
    yield called
    assert not called


def refusal(path, *, pickled=None, parts=None, **options):
    write_npy(path, parts or [1] * 6, pickled=pickled, **options)
    with pytest.raises(DataError, match=path.name) as caught:
        read_object_array(path, 6)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_pickler_writes_what_python_2_wrote():
    """`cPickle.dumps({'productid': 3, 'c': [1, 0]}, 2)` of Python 2.7, to the byte."""
    code = Pickler().dumps({b"productid": 3, b"c": [1, 0]})
    assert code == b"\x80\x02}q\x01(U\tproductidq\x02K\x03U\x01cq\x03]q\x04(K\x01K\x00eu."
    assert pickle.loads(code, encoding="bytes") == {b"productid": 3, b"c": [1, 0]}


def test_numpy_itself_reads_these_files_the_same(path):
    """The reader against the one everybody uses, on a file that is ours."""
    parts = [*shop()[:4], 12, 20]
    theirs = np.load(write_npy(path, parts), allow_pickle=True, encoding="bytes")
    ours = read_object_array(path, 6)
    assert [ours[part] for part in (0, 1, 2, 4, 5)] == [theirs[part] for part in (0, 1, 2, 4, 5)]
    content = path.read_bytes()
    for number, record in theirs[3].items():
        span, vector = ours[3][number][b"imgs"], ours[3][number][b"c"]
        assert isinstance(span, Span) and content[span.offset : span.offset + span.length] == record[b"imgs"]
        assert vector.values.dtype == record[b"c"].dtype and (vector.values == record[b"c"]).all()
        assert ours[3][number][b"asin"] == record[b"asin"]


def saved_again(path, parts, protocol, core="numpy._core"):
    """`numpy.save` of Python 3, with any protocol, and NumPy's modules called as before or since its version 2."""
    array = np.empty(len(parts), dtype=object)
    array[:] = parts
    pickled = pickle.dumps(array, protocol)
    names = {"numpy._core": "numpy.core"} if core == "numpy.core" else {}
    for new, old in names.items():  # of another length: only where no frame and no length before the name tells it
        for part in ("multiarray", "numeric"):
            whole, other = f"{new}.{part}".encode(), f"{old}.{part}".encode()
            pickled = pickled.replace(b"c" + whole, b"c" + other)
            pickled = pickled.replace(bytes([0x8C, len(whole)]) + whole, bytes([0x8C, len(other)]) + other)
    return write_npy(path, parts, pickled=pickled)


@pytest.mark.parametrize("core", ["numpy._core", "numpy.core"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_files_that_python_3_saved_again_are_read(path, protocol, core):
    inner = np.empty(2, dtype=object)
    inner[:] = [{b"asin": b"B1"}, [np.int64(7)]]
    parts = [{0: [{"productid": np.int64(3)}]}, "é" * 10, b"\xff\xd8\x00" * 3, np.eye(3)[1], inner, {1, 2}]
    content = read_object_array(saved_again(path, parts, protocol, core), 6)
    assert content[:3] == parts[:3]
    assert content[3].values.tolist() == [0, 1, 0] and content[3].shape == (3,)
    assert content[4].values == [{b"asin": b"B1"}, [7]]
    assert sorted(content[5]) == [1, 2]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_byte_strings_of_every_protocol_come_back(path, protocol):
    every, photo = bytes(range(256)), bytes(range(256)) * 20
    content = read_object_array(saved_again(path, [every, photo, b"", every, [b"x"], 1], protocol), 6)
    assert content[0] == content[3] == every and content[2] == b"" and content[4] == [b"x"]
    file, span = path.read_bytes(), content[1]
    assert isinstance(span, Span) and span.recoded is (protocol == 2)
    assert span.bytes_of(file[span.offset : span.offset + span.length]) == photo


def test_many_numbers_stay_in_the_file_and_must_be_as_many_as_they_say(path):
    numbers = np.arange(1000.0)
    for protocol in (2, 3, 4, 5):
        content = read_object_array(saved_again(path, [numbers, 1, 2, 3, 4, 5], protocol), 6)
        assert isinstance(content[0].values, Span) and content[0].shape == (1000,)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"M\xe8\x03", b"M\xe7\x03"))
    with pytest.raises(DataError, match="more or fewer"):
        read_object_array(path, 6)


@pytest.mark.parametrize("codec", ["zip", "bz2", "hex", "utf-8", "rot13", "latin-1", "unicode_escape", "idna"])
def test_no_other_codec_is_taken(path, codec):
    """Exactly what `pickle` writes: some codecs unpack."""
    code = b"c_codecs\nencode\nX\x01\x00\x00\x00x" + Pickler().save(codec) + b"\x86R."
    assert "refused: a codec" in refusal(path, pickled=b"\x80\x02" + code)


@pytest.mark.parametrize(
    "code",
    [
        b"c_codecs\nencode\nX\x01\x00\x00\x00x\x85R.",  # no codec: UTF-8 by default
        b"c_codecs\nencode\nX\x01\x00\x00\x00xX\x06\x00\x00\x00latin1X\x06\x00\x00\x00ignore\x87R.",
        b"c_codecs\nencode\nK\x01X\x06\x00\x00\x00latin1\x86R.",
        "c_codecs\nencode\nX\x02\x00\x00\x00\u0100X\x06\x00\x00\x00latin1\x86R.".encode(),  # no byte
        b"c__builtin__\nbytes\nK\x09\x85R.",
        b"c__builtin__\nbytes\n}U\x01xK\x01sb.",
    ],
)
def test_the_codec_and_empty_bytes_are_called_in_one_manner_only(path, code):
    refusal(path, pickled=b"\x80\x02" + code)


def test_other_containers_of_python_2_become_plain_ones(path):
    """`defaultdict(list)`, `OrderedDict` and `set`, as `cPickle` writes them."""
    ordered = b"ccollections\nOrderedDict\n(" + Pickler().save([[b"a", 1], [b"b", 2]]) + b"tR"
    parts = [
        Raw(b"ccollections\ndefaultdict\n(c__builtin__\nlist\ntRK\x07]K\x01as"),
        Raw(ordered),
        Raw(b"c__builtin__\nset\n(](K\x01K\x02etR"),
        1, 2, 3,
    ]  # fmt: skip
    assert read_object_array(write_npy(path, parts), 6) == [{7: [1]}, {b"a": 1, b"b": 2}, [1, 2], 1, 2, 3]


def test_long_strings_stay_in_the_file(path):
    short, long, text = b"s" * KEPT, b"l" * (KEPT + 1), "t" * (KEPT + 1)
    content = read_object_array(write_npy(path, [short[:255], long, text, 1, 2, 3]), 6)
    file = path.read_bytes()
    assert content[0] == short[:255]
    assert [file[span.offset : span.offset + span.length] for span in content[1:3]] == [long, text.encode()]


def test_memory_holds_records_not_pictures(path):
    item = {number: {b"imgs": os.urandom(200_000)} for number in range(100)}
    write_npy(path, [{}, {}, {}, item, 0, 100])
    size = path.stat().st_size
    del item
    tracemalloc.start()
    content = read_object_array(path, 6)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 20_000_000 and peak < size / 10 and len(content[3]) == 100


def test_progress_ends_at_the_whole_file(path):
    steps = []
    read_object_array(write_npy(path, shop()), 6, steps.append)
    assert steps[-1].stage == "MB read" and steps[-1].done == steps[-1].total


# Hostile files

CALLS = {
    "os.system": b"cos\nsystem\n(S'touch canary'\ntR.",
    "posix.system": b"cposix\nsystem\nU\x01x\x85R.",
    "builtins.eval": b"c__builtin__\neval\nU\x0b__import__()\x85R.",
    "python 3's eval": b"\x80\x04\x8c\x08builtins\x94\x8c\x04eval\x94\x93\x8c\x011\x85R.",
    "an inner class": b"cnumpy\nndarray.tofile\n.",
    "a codec": b"c_codecs\nencode\nX\x01\x00\x00\x00xU\x03zip\x86R.",
    "numpy's loader": b"cnumpy\nload\nU\x01x\x85R.",
    "the instance opcode": b"(ios\nsystem\n.",
    "the object opcode": b"(cnumpy\ndtype\nU\x02f8o.",
    "newobj": b"cnumpy\ndtype\n)\x81.",
    "an extension": b"\x82\x01.",
    "a persistent id": b"U\x01xQ.",
}


@pytest.mark.parametrize("code", CALLS.values(), ids=CALLS.keys())
def test_no_code_is_run(path, canary, tmp_path, monkeypatch, code):
    monkeypatch.chdir(tmp_path)
    assert "refused" in refusal(path, pickled=b"\x80\x02" + code if code[:1] != b"\x80" else code)
    inside = Pickler().dumps([{0: Raw(code[:-1].removeprefix(b"\x80\x04"))}])
    assert "refused" in refusal(path, pickled=inside)
    assert not (tmp_path / "canary").exists()


def nested(depth: int, twice: bool) -> bytes:
    """Tuples in tuples, as the key of a dict; `twice` holds the inner one two times, so that a hash takes 2^depth."""
    code = b"K\x00\x85q\x00"
    for memo in range(1, depth + 1):
        code += (b"j" + struct.pack("<I", memo - 1) if twice else b"") + (b"\x86" if twice else b"\x85")
        code += b"r" + struct.pack("<I", memo)
    return b"\x80\x02}" + code + b"K\x01s."


EXHAUSTING = {
    "memo index": b"\x80\x02K\x01r\xff\xff\xff\x7f.",
    "exponential hash": nested(60, twice=True),
    "deep hash": nested(200_000, twice=False),
    "long string": b"\x80\x02T\xff\xff\xff\x7fabc.",
    "negative length": b"\x80\x02T\xff\xff\xff\xffabc.",
    "huge bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"abc.",
    "huge shape": b"\x80\x02" + RECONSTRUCT + NDARRAY + b"J\xff\xff\xff\x7f\x85U\x01b\x87R.",
    "huge array": b"\x80\x02" + RECONSTRUCT + NDARRAY + b"K\x00\x85U\x01b\x87R(K\x01J\xff\xff\xff\x7f\x85"
    + DTYPE + b"U\x02f8K\x00K\x01\x87R\x89U\x01xtb.",
    "number without digits' end": b"\x80\x02I" + b"9" * 100_000 + b"\n.",
    "empty stack": b"\x80\x02.", "no mark": b"\x80\x02K\x01t.", "nothing": b"",
    "build a name": b"\x80\x02" + RECONSTRUCT + b"N}U\x0c__defaults__K\x01s\x86b.",
    "object type of text": b"\x80\x02" + DTYPE + b"U\x04V999K\x00K\x01\x87R.",
}  # fmt: skip


@pytest.mark.parametrize("code", EXHAUSTING.values(), ids=EXHAUSTING.keys())
def test_nothing_is_exhausted(path, code):
    tracemalloc.start()
    refusal(path, pickled=code)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_named(path, share):
    whole = write_npy(path, shop()).read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=path.name):
        read_object_array(path, 6)


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (7,), }",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (999999999999,), }",
        b"__import__('os').system('true')",
        b"(" * 5000,
        b"{" + b" " * 30_000 + b"}",
        b"\xff\xfe",
    ],
)
def test_a_header_is_read_by_numpy_and_bounded(path, canary, header):
    refusal(path, header=header)


def test_a_header_that_claims_gigabytes_is_refused(path):
    path.write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100_000)
    with pytest.raises(DataError, match="not an"):
        read_object_array(path, 6)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x03\x00", b"\xff\xd8\xff\xe0 a picture"])
def test_another_kind_of_file_is_named(path, content):
    path.write_bytes(content)
    with pytest.raises(DataError, match="not an"):
        read_object_array(path, 6)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for name in ("nothing.npy", ""):
        with pytest.raises(DataError, match="cannot be read"):
            read_object_array(tmp_path / name, 6)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_random_damage_never_escapes(path):
    """Files with changed bytes: each is read or refused in one line."""
    whole, rng = bytearray(write_npy(path, shop(users=3, items=2)).read_bytes()), np.random.default_rng(0)
    start = whole.index(b"\x80\x02")
    pictures = [place for place in range(len(whole)) if whole[place : place + 2] == b"\xff\xd8"]
    candidates = [place for place in range(start, len(whole)) if not any(p < place < p + 1500 for p in pictures)]
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.choice(candidates, size=int(rng.integers(1, 4))):
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            read_object_array(path, 6)
        except DataError:
            refused += 1
    assert 100 < refused < 300


def test_the_allowed_opcodes_are_those_that_such_files_use(path):
    used = {opcode.name for opcode, _, _ in pickletools.genops(io.BytesIO(Pickler().dumps(np.array(shop(), object))))}
    assert {"GLOBAL", "REDUCE", "BUILD", "BINSTRING", "SHORT_BINSTRING", "SETITEMS"} <= used
