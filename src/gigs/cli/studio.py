"""`gigs studio`."""

from __future__ import annotations

from pathlib import Path

import typer

from gigs.cli.console import errors, output, saying
from gigs.cli.suggest import RECALIBRATION
from gigs.errors import InputError
from gigs.packs.names import DEFAULT

PORT = typer.Option(7860, help="Port to listen on. 0 takes any free port.")
HOST = typer.Option(
    "127.0.0.1", help="Address to listen on. Any address but this computer's own lets others in, without a password."
)
NAME = typer.Option([], "--name", help="With --host: another name by which visitors open the page. May be repeated.")
PACK = typer.Option(DEFAULT, help="Bundled pack, folder of a pack, or Hugging Face Hub id.")
DEVICE = typer.Option("cpu", help="cpu, cuda, cuda:1, mps, or auto.")


def studio_command(
    port: int = PORT,
    host: str = HOST,
    name: list[str] = NAME,
    pack: str = PACK,
    device: str = DEVICE,
    recalibration: Path = RECALIBRATION,
) -> None:
    """Open a web page for sellers: a photo in, redesigns and a report out. Ends with Ctrl-C.

    This needs Gradio: pip install 'gigs[studio]'. Nothing is sent anywhere, and uploaded photos are deleted afterwards.
    """
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise InputError("gigs studio needs Gradio, which is not installed: pip install 'gigs[studio]'") from error
    with saying("loading PyTorch and Gradio, which takes a few seconds"):
        from gigs.service.address import Address
        from gigs.service.engine import Engine
        from gigs.studio.server import Studio

    address = Address(host=host, port=port, names=tuple(name))
    if not address.is_private:
        errors.print(
            f"gigs: --host {host}: anybody who can reach this computer can use the page, and there is no password",
            style="yellow", markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    engine = Engine(pack, device=device, recalibration=recalibration)
    studio = Studio(engine, address)
    try:
        errors.print("Reading the models ...", markup=False)
        engine.warm()
        output.print(f"Open {studio.url} in your browser. Ctrl-C ends it.", highlight=False, soft_wrap=True)
        studio.run()
    finally:
        studio.close()
