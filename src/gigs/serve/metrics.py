"""What Prometheus reads at `/metrics`; `docs/guides/serve.md` lists it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from gigs.serve.service import Service

CONTENT_TYPE = CONTENT_TYPE_LATEST
QUICK = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0)


class Metrics:
    """One server's counters; two servers in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "gigs_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._request_seconds = Histogram(
            "gigs_http_request_seconds", "From a request's head to the head of its answer.", ("method", "route"),
            buckets=QUICK, registry=self.registry,
        )  # fmt: skip
        self._finished = Counter(
            "gigs_computations", "Computations that ended, by outcome.", ("kind", "state"),
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "gigs_computation_seconds", "Time that a finished computation took.", ("kind", "preset"), buckets=LONG,
            registry=self.registry,
        )  # fmt: skip
        self._wait = Histogram(
            "gigs_wait_seconds", "Time that a computation waited.", ("kind",), buckets=LONG, registry=self.registry
        )
        self._turned_away = Counter(
            "gigs_turned_away", "Requests refused because something was full.", ("reason",), registry=self.registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(seconds)

    def began(self, kind: str, waited: float) -> None:
        """A computation began."""
        self._wait.labels(kind).observe(waited)

    def ended(self, kind: str, preset: str, state: str, seconds: float | None) -> None:
        """A computation ended; `seconds` where it had begun."""
        self._finished.labels(kind, state).inc()
        if state == "done" and seconds is not None:
            self._seconds.labels(kind, preset).observe(seconds)

    def turned_away(self, reason: str) -> None:
        """Something was full: `line`, `uploads`, `streams` or `disk`."""
        self._turned_away.labels(reason).inc()

    def watch(self, service: Service) -> None:
        """Read these off a server whenever they are asked for."""
        pool, jobs, store = service.pool, service.jobs, service.store
        for name, about, value in (
            ("gigs_computations_waiting", "Waiting computations.", lambda: jobs.waiting),
            ("gigs_computations_running", "Running computations.", lambda: jobs.running),
            ("gigs_workers", "Configured workers.", lambda: len(pool)),
            ("gigs_workers_ready", "Workers with their models in memory.", lambda: pool.ready),
            ("gigs_worker_restarts", "Restarted workers.", lambda: sum(one.restarts for one in pool.members)),
            (
                "gigs_workers_resident_memory_bytes", "Resident memory of the workers' processes (Linux).",
                lambda: sum(resident_bytes(one.process) for one in pool.members),
            ),
            ("gigs_results", "Requests whose outcome is kept.", lambda: sum(task.is_finished for task in store)),
            ("gigs_results_bytes", "Bytes of all results.", lambda: store.size),
            ("gigs_event_streams", "Clients that listen to events.", lambda: service.streams),
        ):  # fmt: skip
            Gauge(name, about, registry=self.registry).set_function(value)

    def page(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)


def resident_bytes(process: int | None) -> int:
    """Resident memory of a process; 0 where that cannot be told."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
