"""From promise to proof: what a test with people found, beside what was promised, and what many tests teach."""

from typing import TYPE_CHECKING

from gigs.lazy import exports

if TYPE_CHECKING:
    from gigs.proof.findings import Finding, Findings
    from gigs.proof.folder import compare_folder
    from gigs.proof.ledger import read_ledger
    from gigs.proof.track_record import TrackRecord, track_record

__all__ = ["Finding", "Findings", "TrackRecord", "compare_folder", "read_ledger", "track_record"]

__getattr__ = exports(
    __name__,
    {
        "Finding": "gigs.proof.findings",
        "Findings": "gigs.proof.findings",
        "TrackRecord": "gigs.proof.track_record",
        "compare_folder": "gigs.proof.folder",
        "read_ledger": "gigs.proof.ledger",
        "track_record": "gigs.proof.track_record",
    },
)
