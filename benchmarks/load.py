"""`python -m benchmarks.load`: several clients on one `gigs serve`. Each sends a photo, asks how it does, and fetches.

Photos are made from the pack's own examples: enlarged, and each client's in a hue of its own. Every answer is timed. An
answer counts as an error unless it is what the documentation promises; being told to come back (429) is counted apart.
Jobs that are under way when the time is up are deleted, which is timed too. Memory is read from `/metrics`.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from gigs.io import storage
from gigs.packs import load_pack

POLL_SECONDS = 0.5
READY_SECONDS = 600
PERCENTILES = (50, 90, 99)
MEMORY = {"server": "process_resident_memory_bytes", "workers": "gigs_workers_resident_memory_bytes"}


@dataclass
class Found:
    """What was seen: seconds by kind of request, errors in words, and how often we were told to come back."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    told_to_wait: int = 0
    unfinished: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    memory: list[dict[str, float]] = field(default_factory=list)

    def add(self, kind: str, seconds: float) -> None:
        """One more."""
        self.seconds.setdefault(kind, []).append(seconds)


class Client:
    """One of the callers."""

    def __init__(self, http: httpx.AsyncClient, photo: bytes, fields: dict[str, Any], found: Found) -> None:
        self._http, self._photo, self._fields, self._found = http, photo, fields, found

    async def until(self, deadline: float) -> None:
        """One job after another until the time is up."""
        while time.monotonic() < deadline:
            began = time.monotonic()
            answer = await self._timed(
                "submit", "POST", "/v1/redesigns", files={"photo": self._photo}, data=self._fields
            )
            if answer is None:
                await asyncio.sleep(1)
            elif answer.status_code == 429:
                self._found.told_to_wait += 1
                await asyncio.sleep(min(float(answer.headers["retry-after"]), max(0.0, deadline - time.monotonic())))
            elif self._expected(answer, 202):
                await self._follow(answer.headers["location"], began, deadline)

    async def _follow(self, place: str, began: float, deadline: float) -> None:
        while time.monotonic() < deadline:
            answer = await self._timed("poll", "GET", place)
            if answer is not None and self._expected(answer, 200):
                status = answer.json()
                if status["state"] == "done":
                    self._found.add("whole job", time.monotonic() - began)
                    await self._fetch(status)
                    return
                if status["state"] not in ("waiting", "running"):
                    self._found.errors.append(f"{status['state']}: {status.get('problem')}")
                    return
            await asyncio.sleep(POLL_SECONDS)
        self._found.unfinished += 1
        answer = await self._timed("delete", "DELETE", place)
        if answer is not None:
            self._expected(answer, 204)

    async def _fetch(self, status: dict[str, Any]) -> None:
        for address in (status["pictures"]["suggestion-1.png"], status["links"]["report"] + "/report.html"):
            answer = await self._timed("fetch", "GET", address)
            if answer is not None and self._expected(answer, 200) and not answer.content:
                self._found.errors.append(f"{address}: is empty")

    async def _timed(self, kind: str, method: str, address: str, **more: Any) -> httpx.Response | None:
        began = time.perf_counter()
        try:
            answer = await self._http.request(method, address, **more)
        except httpx.HTTPError as error:
            self._found.errors.append(f"{method}: {error!r}")
            return None
        self._found.add(kind, time.perf_counter() - began)
        self._found.codes[answer.status_code] += 1
        return answer

    def _expected(self, answer: httpx.Response, code: int) -> bool:
        if answer.status_code != code:
            self._found.errors.append(f"{answer.request.method}: {answer.status_code} {answer.text[:200]}")
        return answer.status_code == code


def photos(pack: str, count: int, side: int) -> list[bytes]:
    """JPEGs of the pack's examples, each enlarged to `side` pixels and turned to a hue of its own."""
    examples = load_pack(pack).examples()
    made = []
    for number in range(count):
        picture = (
            Image.open(examples[number % len(examples)]).convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        )
        pixels = np.asarray(picture.convert("HSV")).copy()
        pixels[..., 0] += np.uint8(number * 256 // count)
        buffer = io.BytesIO()
        Image.fromarray(pixels, "HSV").convert("RGB").save(buffer, format="JPEG", quality=90)
        made.append(buffer.getvalue())
    return made


async def load(url: str, options: argparse.Namespace) -> Found:
    """Let all clients work, and read the server's memory meanwhile."""
    found = Found()
    fields = {"audience": options.audience, "preset": options.preset, "n": options.n}
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
        found.memory.append(await memory(http))
        deadline = time.monotonic() + 60 * options.minutes
        pictures = photos(options.pack, options.clients, options.side)
        clients = [Client(http, photo, fields, found).until(deadline) for photo in pictures]
        watching = asyncio.create_task(_watch(http, found))
        await asyncio.gather(*clients)
        watching.cancel()
        found.memory.append(await memory(http))
    return found


async def _watch(http: httpx.AsyncClient, found: Found) -> None:
    while True:
        await asyncio.sleep(15)
        try:
            found.memory.append(await memory(http))
        except httpx.HTTPError as error:
            found.errors.append(f"metrics: {error!r}")


async def memory(http: httpx.AsyncClient) -> dict[str, float]:
    """Resident megabytes of the server's process and of its workers."""
    lines = (await http.get("/metrics")).text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(values.get(metric, "nan")) / 1e6 for name, metric in MEMORY.items()}


def summary(found: Found, options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """Everything that the table says."""
    rows = {
        kind: {"n": len(taken)} | {f"p{each}": float(np.percentile(taken, each)) for each in PERCENTILES}
        | {"mean": statistics.fmean(taken), "most": max(taken)}
        for kind, taken in found.seconds.items()
    }  # fmt: skip
    jobs = rows.get("whole job", {"n": 0})["n"]
    return {
        "options": {name: str(value) for name, value in vars(options).items()}, "seconds": seconds, "rows": rows,
        "jobs_per_minute": 60 * jobs / seconds, "requests_per_second": sum(found.codes.values()) / seconds,
        "errors": found.errors, "told_to_wait": found.told_to_wait, "unfinished": found.unfinished,
        "codes": {str(code): count for code, count in sorted(found.codes.items())},
        "memory_mb": {
            name: {"start": found.memory[0][name], "end": found.memory[-1][name],
                   "most": max(each[name] for each in found.memory)}
            for name in MEMORY
        },
        "cores": os.cpu_count(), "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }  # fmt: skip


def table(about: dict[str, Any]) -> str:
    """The same as Markdown."""
    head = "| request | n | p50 | p90 | p99 | most |\n|---|---|---|---|---|---|\n"
    rows = [
        f"| {kind} | {row['n']} | " + " | ".join(_time(row[name]) for name in ("p50", "p90", "p99", "most")) + " |"
        for kind, row in about["rows"].items()
    ]
    memory = "; ".join(
        f"{name} {one['start']:.0f} MB at the start, {one['end']:.0f} at the end, {one['most']:.0f} at most"
        for name, one in about["memory_mb"].items()
    )
    return (
        head + "\n".join(rows) + f"\n\n{about['jobs_per_minute']:.2f} jobs a minute, "
        f"{about['requests_per_second']:.1f} requests a second, {len(about['errors'])} errors, "
        f"{about['told_to_wait']} times told to come back, {about['unfinished']} jobs under way at the end. "
        f"Resident memory: {memory}. Answers by status: {about['codes']}.\n"
    )


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.1f} ms"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def started(options: argparse.Namespace, folder: str) -> tuple[subprocess.Popen[bytes], str]:
    """A server of our own that is ready, and its address."""
    port = free_port()
    command = [sys.executable, "-m", "gigs", "serve", "--port", str(port), "--pack", options.pack, "--keep", folder,
               "--workers", str(options.workers), "--waiting", str(options.waiting),
               "--seconds", str(options.seconds), "--grace", "5"]  # fmt: skip
    server = subprocess.Popen(command)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + READY_SECONDS
    while True:
        try:
            if httpx.get(f"{url}/health/ready", trust_env=False).json()["workers_ready"] == options.workers:
                return server, url
        except httpx.HTTPError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise SystemExit("the server never became ready")
        time.sleep(1)


def main(given: Sequence[str] | None = None) -> int:
    """Start a server where none is given, load it, and write `load.json` and `load.md`; 1 where there were errors."""
    options = _options(given)
    with tempfile.TemporaryDirectory() as folder:
        server, url = (None, options.url) if options.url else started(options, folder)
        began = time.monotonic()
        try:
            found = asyncio.run(load(url, options))
        finally:
            if server is not None:
                server.terminate()
                server.wait(60)
    about = summary(found, options, time.monotonic() - began)
    options.out.mkdir(parents=True, exist_ok=True)
    storage.write_json(options.out / "load.json", about)
    storage.write_text(options.out / "load.md", table(about))
    print(table(about), *sorted(set(found.errors)), sep="\n")
    return 1 if found.errors else 0


def _options(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="of a server that runs already; otherwise one is started on loopback")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--waiting", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=300.0, help="that the server grants a computation")
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--audience", default="everyone")
    parser.add_argument("--preset", default="preview")
    parser.add_argument("--n", type=int, default=4)
    parser.add_argument("--side", type=int, default=800, help="pixels of the photos")
    parser.add_argument("--out", type=Path, default=Path("bench"))
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
