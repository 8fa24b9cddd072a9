"""From promise to proof: what a test with people found, beside what was promised, and what many tests teach."""

from gigs.proof.findings import Finding, Findings
from gigs.proof.folder import compare_folder
from gigs.proof.ledger import read_ledger
from gigs.proof.track_record import TrackRecord, track_record

__all__ = ["Finding", "Findings", "TrackRecord", "compare_folder", "read_ledger", "track_record"]
