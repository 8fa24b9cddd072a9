"""A finished result with promises, and counts of a test of it."""

from __future__ import annotations

from pathlib import Path

from gigs.verify.share import Share
from tests.report.finished_result import spoilt, write_finished

SHARES = (Share(54.0, 50.1, 57.9), Share(60.0, 55.0, 65.0), None)


def promised_result(folder: Path, shares: tuple[Share | None, ...] = SHARES) -> Path:
    """Write a result whose redesigns have these shares."""
    write_finished(folder, gains=tuple(0.1 * (number + 1) for number in range(len(shares))))
    content = [None if share is None else share.to_json() for share in shares]
    spoilt(folder, lambda record: [
        entry.update(share=share) for entry, share in zip(record["suggestions"], content, strict=True)
    ])  # fmt: skip
    return folder


def sheet(path: Path, rows: dict[str, int | tuple[int, int]]) -> Path:
    """Write counts: by variant, choices, or views and sales."""
    lines = [f"{name},{n},," if isinstance(n, int) else f"{name},,{n[0]},{n[1]}" for name, n in rows.items()]
    path.write_text("\n".join(["variant,choices,views,sales", *lines]))
    return path
