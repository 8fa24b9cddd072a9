"""`gigs serve`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gigs.cli.console import errors, output, warn
from gigs.cli.ending import EndedError
from gigs.cli.suggest import RECALIBRATION
from gigs.errors import InputError
from gigs.packs.names import DEFAULT

if TYPE_CHECKING:
    from gigs.serve.limits import Limits
    from gigs.serve.server import ApiServer
    from gigs.serve.worker import Settings
    from gigs.service.address import Address

PORT = typer.Option(8000, help="Port to listen on. 0 takes any free port.")
HOST = typer.Option(
    "127.0.0.1", help="Address to listen on. Any address but this computer's own lets others in, so also give a key."
)
NAME = typer.Option(
    [],
    "--name",
    help="With --host: another name by which callers reach the server, such as a proxy's. May be repeated.",
)
KEYS = typer.Option(
    None,
    "--keys",
    metavar="FILE",
    help="File of API keys, one per line. The environment variable GIGS_API_KEY may hold one more.",
)
PACK = typer.Option(DEFAULT, help="Bundled pack, folder of a pack, or Hugging Face Hub id.")
DEVICE = typer.Option("cpu", help="cpu, cuda, cuda:1, mps, or auto.")
WORKERS = typer.Option(
    1,
    min=1,
    max=64,
    help="Number of processes that compute. They share one queue, and each holds the models in memory.",
)
WAITING = typer.Option(
    8, min=1, max=10_000, help="Number of requests that may wait. Further ones are refused and told when to try again."
)
SECONDS = typer.Option(300.0, min=1.0, help="Most seconds that one request may take.")
KEEP = typer.Option(
    None, "--keep", metavar="FOLDER",
    help="Keep results here, even when the server restarts. By default, they are deleted when it ends.",
)  # fmt: skip
KEEP_HOURS = typer.Option(24.0, min=0.001, help="Hours after which a result is removed.")
KEEP_RESULTS = typer.Option(500, min=1, help="Number of results to keep. The oldest are removed.")
KEEP_GIGABYTES = typer.Option(4.0, min=0.001, help="Disk space for all results. The oldest are removed.")
GRACE = typer.Option(
    60.0, min=0.0, help="Seconds that running requests have to finish when the server is asked to end."
)


def serve_command(
    port: int = PORT,
    host: str = HOST,
    name: list[str] = NAME,
    keys: Path = KEYS,
    pack: str = PACK,
    device: str = DEVICE,
    recalibration: Path = RECALIBRATION,
    workers: int = WORKERS,
    waiting: int = WAITING,
    seconds: float = SECONDS,
    keep: Path = KEEP,
    keep_hours: float = KEEP_HOURS,
    keep_results: int = KEEP_RESULTS,
    keep_gigabytes: float = KEEP_GIGABYTES,
    grace: float = GRACE,
) -> None:
    """Answer other programs over HTTP: POST a photo and an audience, and fetch redesigns. Ends with Ctrl-C.

    Try it, in another terminal:

      curl -F photo=@shirt.jpg -F audience=women 127.0.0.1:8000/v1/redesigns

      curl 127.0.0.1:8000/v1/redesigns/ID

    http://127.0.0.1:8000/docs lists all addresses, fields and errors; docs/guides/serve.md has clients, metrics and
    deployment. Needs FastAPI: pip install 'gigs[serve]'.
    """
    _require()
    from gigs.serve.limits import Limits
    from gigs.serve.worker import Settings
    from gigs.service.address import Address

    limits = Limits(
        waiting=waiting, seconds=seconds, keep_seconds=keep_hours * 3600, results=keep_results,
        result_bytes=round(keep_gigabytes * (1 << 30)), grace_seconds=grace,
    )  # fmt: skip
    address = Address(host=host, port=port, names=tuple(name))
    threads = max(1, (os.cpu_count() or 1) // workers)
    settings = Settings(pack=pack, device=device, recalibration=recalibration, threads=threads)
    server = _server(address, keys, settings, workers, keep, limits)
    output.print(f"{server.url}/docs says how to ask. Ctrl-C ends it.", highlight=False, soft_wrap=True)
    errors.print("Reading the models; requests wait until they are ready.", markup=False)
    try:
        server.run()
    except (KeyboardInterrupt, EndedError):  # both are how a server ends
        errors.print("Ended.", markup=False)


def _server(
    address: Address, keys: Path | None, settings: Settings, workers: int, keep: Path | None, limits: Limits
) -> ApiServer:
    """Start a server: take its port and folder, and let its processes read the models.

    Raises:
        InputError: An option cannot be used as given.
    """
    from gigs.packs import load_pack
    from gigs.serve.keys import VARIABLE, Keys
    from gigs.serve.pool import Pool
    from gigs.serve.server import ApiServer
    from gigs.serve.store import Store
    from gigs.serve.worker import Worker
    from gigs.verify.recalibration import Recalibration
    from gigs.vision.compute import pick_device

    known = Keys.of(keys)
    if not address.is_private and not known:
        warn(
            f"gigs: --host {address.host} without a key: anybody who can reach this computer can use the "
            f"server. Set {VARIABLE} or --keys"
        )
    pick_device(settings.device)  # what cannot be used is said here, and not by a process in the background
    if settings.recalibration is not None:
        Recalibration.read(settings.recalibration)
    pack, store = load_pack(settings.pack), Store(keep, limits)
    pool = Pool([Worker(settings) for _ in range(workers)])
    try:
        return ApiServer(pack, pool, store, address=address, keys=known, limits=limits)
    except BaseException:
        pool.close()
        store.close()
        raise


def _require() -> None:
    """Refuse to start without the libraries of the extra `serve`.

    Raises:
        InputError: A library is missing; the message names the extra.
    """
    try:
        import fastapi  # noqa: F401
        import multipart  # noqa: F401
        import prometheus_client  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise InputError(f"gigs serve needs {error.name}, which is not installed: pip install 'gigs[serve]'") from error
