"""Who is here: each visitor's photo, computation and results, in a folder of their own that goes when they do."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import time as time_of_day
from pathlib import Path

from gigs.result import Result
from gigs.result.colourways import PAGE, Colourways
from gigs.result.result import COMPARE
from gigs.service.folder import bytes_in
from gigs.service.jobs import BusyError, Job
from gigs.service.problems import PlainError
from gigs.studio import texts
from gigs.studio.limits import Limits

REPORT, ARCHIVE = "report.html", "gigs-redesigns.zip"


@dataclass(frozen=True)
class KeptResult:
    """One finished run of a visit: its unguessable name, its folder, its result, the time of day, and its bytes."""

    key: str
    folder: Path
    result: Result
    at: time_of_day
    size: int = 0
    since: float = field(default_factory=time.monotonic)

    @property
    def names(self) -> list[str]:
        """The files that may be asked for."""
        return [REPORT, COMPARE, ARCHIVE, *self.result.files]


@dataclass(frozen=True)
class KeptColours:
    """The product in other colours, as a visit keeps it: its unguessable name, its folder, and what was found."""

    key: str
    folder: Path
    found: Colourways
    size: int = 0
    since: float = field(default_factory=time.monotonic)

    @property
    def names(self) -> list[str]:
        """The files that may be asked for."""
        return [PAGE, *(one.file for one in self.found)]


Kept = KeptResult | KeptColours


@dataclass
class Visit:
    """One visitor, as long as the page is open: photo, latest computation, latest real run, results newest first."""

    folder: Path
    photo: Path | None = None
    job: Job | None = None
    run: Job | None = None
    results: list[KeptResult] = field(default_factory=list)
    colours: KeptColours | None = None
    seen: float = field(default_factory=time.monotonic)
    gone: bool = False

    def take(self, job: Job) -> Job:
        """Make this the visitor's computation; an earlier one is stopped."""
        if self.job is not None:
            self.job.stop()
        self.job = job
        return job

    def kept(self) -> list[Kept]:
        """Everything that has files in a folder."""
        return [*self.results, *([] if self.colours is None else [self.colours])]

    def drop(self, one: Kept) -> None:
        """Forget a result, and remove its files."""
        self.results = [other for other in self.results if other is not one]
        self.colours = None if self.colours is one else self.colours
        shutil.rmtree(one.folder, ignore_errors=True)

    @property
    def is_busy(self) -> bool:
        """Whether a real run, not a draft, is under way or in line."""
        return self.run is not None and not self.run.done.is_set() and not self.run.stopped


class Visits:
    """All visitors, by the session that Gradio gives each open page."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self.root, self._limits = root, limits
        self._lock = threading.Lock()
        self._visits: dict[str, Visit] = {}

    def __len__(self) -> int:
        return len(self._visits)

    def of(self, session: str | None) -> Visit:
        """The visit of a session, begun if need be.

        Raises:
            PlainError: There is no session.
            BusyError: Too many visitors.
        """
        if not session:
            raise PlainError(texts.NO_SESSION)
        self.sweep()
        with self._lock:
            if session not in self._visits:
                if len(self._visits) >= self._limits.visits:
                    self._let_one_go()
                folder = self.root / new_key()
                folder.mkdir(parents=True)
                self._visits[session] = Visit(folder)
            visit = self._visits[session]
            visit.seen, visit.gone = time.monotonic(), False
            return visit

    def _let_one_go(self) -> None:
        """Let one visit go: anybody can begin as many as the studio has room for, and nobody may be shut out by that.

        One without a photo loses nothing, and begins anew by itself; else that of who left, or was seen longest ago.

        Raises:
            BusyError: All were seen a moment ago with a photo of theirs, or are being computed for.
        """
        now = time.monotonic()
        found = [
            (visit.photo is not None or bool(visit.results), not visit.gone, visit.seen, session)
            for session, visit in self._visits.items()
            if visit.job is None or visit.job.done.is_set() or visit.job.stopped
        ]
        used, _, seen, session = min(found, default=(True, True, now, ""))
        if used and now - seen < self._limits.crowded_seconds:
            raise BusyError("too many visitors")
        shutil.rmtree(self._visits.pop(session).folder, ignore_errors=True)

    def known(self, session: str | None) -> Visit | None:
        """The visit of a session; None where there is none."""
        return self._visits.get(session or "")

    def leave(self, session: str | None) -> None:
        """The page was closed: its computation ends now, its files are removed when the visitor stays away."""
        with self._lock:
            visit = self._visits.get(session or "")
            if visit is not None:
                visit.gone, visit.seen = True, time.monotonic()
                if visit.job is not None:
                    visit.job.stop()

    def keep(self, visit: Visit, result: KeptResult) -> None:
        """Add a result to the visit's history; the oldest beyond the limits go, with their files."""
        with self._lock:
            kept = replace(result, size=bytes_in(result.folder))
            visit.results.insert(0, kept)
            self._make_room(visit, kept)

    def _make_room(self, visit: Visit, newest: Kept) -> None:
        """Drop the oldest results, of all visitors those of who left first, but never the newest."""
        for old in visit.results[self._limits.history :]:
            visit.drop(old)
        while _bytes_of([visit]) > self._limits.visit_bytes and (found := _oldest([visit], newest)):
            visit.drop(found[1])
        everybody = list(self._visits.values())
        while _bytes_of(everybody) > self._limits.result_bytes and (found := _oldest(everybody, newest)):
            found[0].drop(found[1])

    def keep_colours(self, visit: Visit, colours: KeptColours) -> KeptColours:
        """Keep a visit's latest colours; earlier ones go, with their files."""
        with self._lock:
            if visit.colours is not None:
                visit.drop(visit.colours)
            visit.colours = replace(colours, size=bytes_in(colours.folder))
            self._make_room(visit, visit.colours)
            return visit.colours

    def file(self, key: str, name: str) -> Path | None:
        """A file of a result; None for any other name than those it has."""
        with self._lock:
            found = [one for visit in self._visits.values() for one in visit.kept() if one.key == key]
        return found[0].folder / name if found and name in found[0].names else None

    def sweep(self, idle_seconds: float | None = None) -> None:
        """Remove what visitors left who closed the page, or did nothing, that long ago."""
        patience = self._limits.idle_seconds if idle_seconds is None else idle_seconds
        now = time.monotonic()
        with self._lock:
            for session, visit in list(self._visits.items()):
                busy = visit.job is not None and not visit.job.done.is_set()
                away = now - visit.seen
                if not busy and (away >= patience if visit.gone else away >= 4 * patience):
                    shutil.rmtree(visit.folder, ignore_errors=True)
                    del self._visits[session]

    def close(self) -> None:
        """Remove everything."""
        with self._lock:
            self._visits.clear()
        shutil.rmtree(self.root, ignore_errors=True)


def _bytes_of(visits: Iterable[Visit]) -> int:
    """Bytes of all that visits keep."""
    return sum(one.size for visit in visits for one in visit.kept())


def _oldest(visits: Iterable[Visit], newest: Kept) -> tuple[Visit, Kept] | None:
    """What is to go first, and whose it is; None where there is nothing but the newest."""
    found = [(visit, one) for visit in visits for one in visit.kept() if one is not newest]
    return min(found, key=lambda each: (not each[0].gone, each[1].since)) if found else None


def new_key() -> str:
    """A name of 128 random bits."""
    return secrets.token_hex(16)
