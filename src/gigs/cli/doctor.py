"""`gigs doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from gigs.cli.console import output, saying

OUT = typer.Option(None, "--out", "-o", help="Folder to write results to. Default: the current one.")
OFFLINE = typer.Option(False, "--offline", help="Treat weights that would have to be downloaded as a problem.")
JSON = typer.Option(False, "--json", help="Print JSON.")
SIGNS = {"ok": "ok  ", "note": "note", "problem": "STOP"}
COLOURS = {"ok": "green", "note": "yellow", "problem": "bold red"}


def doctor_command(out: Path = OUT, offline: bool = OFFLINE, as_json: bool = JSON) -> None:
    """Check whether this machine is ready for gigs: Python, PyTorch, device, cache, weights, disk, browser and extras.

    Nothing is downloaded or changed. Exit code 1 means that something prevents gigs from working.
    """
    with saying("examining this machine; PyTorch takes a few seconds to load"):
        from gigs.doctor import examine, is_ready, record

        findings = examine(out=out, offline=offline)
    if as_json:
        typer.echo(json.dumps(record(findings), indent=2))
    else:
        for one in findings:
            output.print(SIGNS[one.state], style=COLOURS[one.state], end=" ")
            output.print(f"{one.name}: {one.text}", highlight=False, soft_wrap=True)
            if one.advice:
                output.print(f"     {one.advice}", highlight=False, soft_wrap=True)
        ready = is_ready(findings)
        output.print("This machine is ready." if ready else "This machine is not ready; see the lines marked STOP.")
    if not is_ready(findings):
        raise typer.Exit(1)
