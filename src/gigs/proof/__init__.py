"""Tests with people: their findings beside the promises, and the correction that many tests give."""

from gigs.proof.findings import Finding, Findings
from gigs.proof.folder import compare_folder
from gigs.proof.ledger import read_ledger
from gigs.proof.track_record import TrackRecord, track_record

__all__ = ["Finding", "Findings", "TrackRecord", "compare_folder", "read_ledger", "track_record"]
