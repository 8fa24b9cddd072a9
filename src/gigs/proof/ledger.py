"""A ledger of promises and outcomes: one line of JSON per test, which is appended and never changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from gigs.errors import DiskError, InputError
from gigs.io.storage import explaining_full_disk
from gigs.proof.counts import Kind, Tally
from gigs.proof.findings import Findings
from gigs.verify.recalibration import Recalibration
from gigs.verify.share import Share

SCHEMA = 1
LARGEST = 256 << 20  # bytes
PATIENCE = 10  # seconds to wait for another process that writes a line


@dataclass(frozen=True, kw_only=True)
class Tested:
    """One redesign: what was promised and what was counted."""

    number: int
    question: str
    promised: Share | None
    product: Tally
    redesign: Tally

    def __post_init__(self) -> None:
        if (self.product.choices is None) != (self.redesign.choices is None):
            raise InputError("choices of one variant cannot be compared with sales of another")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One test of one product's redesigns.

    Attributes:
        schema: Of the line.
        id: Of result, counts and test together; a line that is there is not written again.
        result: SHA-256 of the `result.json` that promised.
        test: Name of the test: a later line of the same result, kind and test replaces an earlier one when read.
        kind: `choices` or `sales`.
        product: Name of the product.
        buyers: Whom the redesigns were for.
        pack: Whose models promised.
        written: Date, UTC.
        redesigns: What was tested.
        recalibration: By what earlier tests had taught the promises were put right; None where they were not.
    """

    schema: int
    id: str
    result: str
    test: str
    kind: Kind
    product: str
    buyers: str
    pack: str
    written: str
    redesigns: tuple[Tested, ...]
    recalibration: Recalibration | None = None

    def as_judged(self) -> Entry:
        """With what the judges alone would have promised, which is what a recalibration is learned from."""
        undo = self.recalibration
        if undo is None:
            return self
        tested = [replace(one, promised=one.promised and undo.undo(one.promised)) for one in self.redesigns]
        return replace(self, redesigns=tuple(tested), recalibration=None)


def record(path: Path, findings: Findings) -> bool:
    """Append a test to a ledger. The file is made if it does not exist.

    Returns:
        False where the ledger has this very test already: the same result, counts and name.

    Raises:
        InputError: The ledger is damaged, or cannot be written to.
        DiskError: The disk is full.
    """
    path = Path(path)
    entry = _entry(findings)
    line = json.dumps(asdict(entry), ensure_ascii=False, allow_nan=False) + "\n"
    try:
        if path.is_dir():
            raise InputError(f"{path}: a folder; give a file for the ledger, such as tests.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            if any(one.id == entry.id for one in _lines(path)):
                return False
            _append(path, line.encode())
    except Timeout as error:
        raise InputError(f"{path}: another gigs process is writing into it; wait until it is done") from error
    except DiskError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written to ({error.strerror or error}); choose another file") from error
    return True


def read_ledger(path: Path) -> list[Entry]:
    """The tests of a ledger, each as it was last written, in the order of their first lines.

    Raises:
        InputError: There is no such file, or a line of it is no test; the message names the line.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such ledger; `gigs results` makes one")
    return list({(one.result, one.kind, one.test): one for one in _lines(path)}.values())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the ledger as the only process, and leave no trace of having done so."""
    lock = path.with_name(f".{path.name}.lock")
    with FileLock(lock, timeout=PATIENCE):
        try:
            yield
        finally:
            with suppress(OSError):  # before the release: whoever waits on this file looks for it anew
                lock.unlink()


def _entry(findings: Findings) -> Entry:
    tested = [
        Tested(
            number=one.number,
            question=one.question,
            promised=one.promised,
            product=one.product,
            redesign=one.redesign,
        )
        for one in findings
    ]
    return Entry(
        schema=SCHEMA,
        id=findings.id,
        result=findings.result,
        test=findings.test,
        kind=findings.kind,
        product=findings.product,
        buyers=findings.buyers,
        pack=findings.pack,
        written=datetime.now(timezone.utc).date().isoformat(),
        redesigns=tuple(tested),
        recalibration=findings.recalibration,
    )


def _lines(path: Path) -> Sequence[Entry]:
    """Every line of a ledger; none of a file that is not there."""
    if not path.exists():
        return []
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path}: too large for a ledger; give another file")
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        raise InputError(f"{path}: its last line is not whole; remove that line, and record its test again")
    entries = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except (msgspec.MsgspecError, InputError, ValueError) as error:
            raise InputError(f"{path}: line {number} is no test ({error}); remove it, or give the ledger") from error
        if entry.schema != SCHEMA:
            raise InputError(f"{path}: line {number} is of another gigs (schema {entry.schema}); update gigs")
        entries.append(entry)
    return entries


def _append(path: Path, line: bytes) -> None:
    """Add a line in one write, and undo what a full disk let through."""
    with explaining_full_disk(path), path.open("ab") as handle:
        end = handle.tell()
        try:
            handle.write(line)
            handle.flush()
            os.fsync(handle.fileno())
        except OSError:
            handle.truncate(end)
            raise
