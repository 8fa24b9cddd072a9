"""Checks whether this machine is ready for gigs: what is missing, and what to do. Nothing is downloaded."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Literal

from gigs import __version__
from gigs.errors import GigsError

State = Literal["ok", "note", "problem"]
ROOM = 1 << 30  # bytes that the weights, and results of some size, take
OLDEST_PYTHON = (3, 10)
EXTRA = re.compile(r"""^([A-Za-z0-9._-]+).*;\s*(?:.*\band\s+)?\(?extra\s*==\s*['"]([\w-]+)['"]""")


@dataclass(frozen=True)
class Finding:
    """One check and its outcome.

    Attributes:
        name: What was checked.
        state: `ok`; `note` for what is missing but not needed, or will be downloaded; `problem` for what prevents gigs
            from working.
        text: What was found.
        advice: What to do about it; empty if nothing is to be done.
    """

    name: str
    state: State
    text: str
    advice: str = ""


def examine(*, out: Path | None = None, offline: bool = False) -> list[Finding]:
    """Check everything that a run needs.

    Args:
        out: Folder for results. Default: the current one.
        offline: Treat weights that would have to be downloaded as a problem, not a note.
    """
    folder = Path.cwd() if out is None else out
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("Python", _python),
        ("PyTorch", _torch),
        ("cache", _cache),
        ("results", lambda: _writable("results", folder)),
        ("packs", _packs),
        ("weights", lambda: _weights(offline)),
        ("browser", _browser),
        ("extras", _extras),
    ]
    findings: list[Finding] = []
    for name, check in checks:
        try:
            findings += check()
        except Exception as error:  # whatever a broken installation raises is what the doctor is asked about
            findings.append(Finding(name, "problem", f"could not be examined: {type(error).__name__}: {error}"))
    return findings


def record(findings: list[Finding]) -> dict[str, Any]:
    """The findings as JSON: `gigs` (version), `ok` (whether there is no problem), `findings`."""
    return {"gigs": __version__, "ok": is_ready(findings), "findings": [asdict(one) for one in findings]}


def is_ready(findings: list[Finding]) -> bool:
    """Whether no finding is a problem."""
    return all(one.state != "problem" for one in findings)


def _python() -> Iterator[Finding]:
    about = f"{platform.python_version()}, {platform.system()} on {platform.machine()}, gigs {__version__}"
    if sys.version_info[:2] < OLDEST_PYTHON or sys.maxsize <= 2**32:
        yield Finding("Python", "problem", about, "install Python 3.10 or newer, 64 bits")
    else:
        yield Finding("Python", "ok", about)


def _torch() -> Iterator[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:  # a library that is missing or of another system
        advice = "install it again: pip install --force-reinstall torch torchvision"
        yield Finding("PyTorch", "problem", f"cannot be imported: {error}", advice)
        return
    from gigs.vision.compute import pick_device, suited

    yield Finding("PyTorch", "ok", str(torch.__version__))
    best = pick_device("auto")
    compute = suited(best)
    precision = "bf16" if compute.bf16 else "fp32"
    processors = f"{os.cpu_count()} processor cores, {torch.get_num_threads()} threads"
    if best == "cpu":
        yield Finding("device", "ok", f"cpu ({processors}), computing in {precision}")
        return
    name = torch.cuda.get_device_name(best) if best.startswith("cuda") else platform.processor()
    text = f"cpu ({processors}); {best} ({name}), computing in {precision}"
    yield Finding("device", "ok", text, f"choose the device {best} to use it; the default is cpu")


def _cache() -> Iterator[Finding]:
    from gigs.io.storage import cache_dir

    where = "GIGS_CACHE" if os.environ.get("GIGS_CACHE") else "set GIGS_CACHE to use another folder"
    yield from _writable("cache", cache_dir(), f" ({where})", required=False)


def _writable(name: str, folder: Path, more: str = "", *, required: bool = True) -> Iterator[Finding]:
    """Whether files can be written below a folder, and the free space. No file is left behind."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    bad: State = "problem" if required else "note"
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        advice = "choose another output folder" if required else "without a cache, weights are downloaded each time"
        yield Finding(name, bad, f"{folder}{more}: cannot be written ({error.strerror})", advice)
        return
    free = shutil.disk_usage(place).free
    text = f"{folder}{more}: can be written, {free / 1e9:.1f} GB free"
    if free < ROOM:
        yield Finding(name, bad, text, "free some space; 1 GB is enough for the weights and some results")
    else:
        yield Finding(name, "ok", text)


def _packs() -> Iterator[Finding]:
    from gigs.packs.load import bundled_packs, load_pack

    names = bundled_packs()
    if not names:
        yield Finding("packs", "problem", "none is bundled", "install gigs again")
    for name in names:
        try:
            pack = load_pack(name)
        except GigsError as error:
            yield Finding("packs", "problem", f"{name}: {error}", "install gigs again")
            continue
        yield Finding("packs", "ok", f"{name}: {len(pack.info['files'])} files match their hashes")


def _weights(offline: bool) -> Iterator[Finding]:
    from gigs.io import weights

    for one in weights.overview():
        if one.place is not None:
            yield Finding("weights", "ok", f"{one.name}: {one.place}")
        elif one.is_needed:
            text = f"{one.name}: not here; downloaded at first use, about {one.megabytes} MB ({one.purpose})"
            advice = (
                "now: gigs weights fetch. For a machine without network: gigs weights fetch --out DIR on another one, "
                "copy DIR, set GIGS_WEIGHTS_DIR to it"
            )
            yield Finding("weights", "problem" if offline else "note", text, advice)


def _browser() -> Iterator[Finding]:
    import webbrowser

    try:
        webbrowser.get()
    except webbrowser.Error:
        advice = "open the address that gigs studio prints in a browser of another computer or by hand"
        yield Finding("browser", "note", "none was found; gigs studio cannot open its page by itself", advice)
    else:
        yield Finding("browser", "ok", "found; gigs studio can open its page")


def _extras() -> Iterator[Finding]:
    for extra, packages in extras().items():
        missing = [name for name in packages if not _is_installed(name)]
        if missing:
            text = f"{extra}: not installed ({', '.join(missing)})"
            yield Finding("extras", "note", text, f"if you need it: pip install 'gigs[{extra}]'")
        else:
            yield Finding("extras", "ok", f"{extra}: installed")


def extras() -> dict[str, list[str]]:
    """Packages by the extra of gigs that brings them, `dev` left out; empty where gigs is not installed."""
    try:
        lines = requires("gigs") or []
    except PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {}
    for matched in map(EXTRA.match, lines):
        if matched and matched[2] != "dev":
            found.setdefault(matched[2], []).append(matched[1])
    return found


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
