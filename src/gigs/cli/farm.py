"""`gigs farm`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from gigs.cli import suggest
from gigs.cli.console import errors, output, warn
from gigs.cli.progress_bars import progress_bars

RUN = "run"


class WithRun(TyperGroup):
    """Takes whatever is no command for the arguments of `run`: `gigs farm data/hm` is `gigs farm run data/hm`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does, with the command's name put in."""
        return super().parse_args(ctx, args if not args or args[0] in self.commands else [RUN, *args])


app = typer.Typer(help="Redesign a whole catalogue.", no_args_is_help=True, cls=WithRun)

CATALOGUE = typer.Argument(..., metavar="CATALOGUE", help="Folder that `gigs data import` wrote.")
AUDIENCE = typer.Option(
    ..., "--audience", "-a", help="Whom to please, as for `gigs suggest`; any number of times, each product for each."
)
OUT = typer.Option(..., "--out", "-o", help="Folder for the tables and pictures, or a URL such as s3://bucket/folder.")
WHERE = typer.Option("", help="Only items for which this holds, such as 'group in [\"Shoes\"]'.")
LIMIT = typer.Option(None, min=1, help="At most so many items, in the order of their ids.")
WORKERS = typer.Option(None, min=1, help="Workers of one core each; one for each core if not given.")
ADDRESS = typer.Option(
    None, help="Address of a running Ray cluster, or auto; without it, Ray is started on this machine for the run."
)
BATCH = typer.Option(4, min=1, help="Items that a worker is given, and that are written, at once.")
RESUME = typer.Option(False, "--resume", help="Go on with the run that --out holds; what is finished is kept.")


@app.callback()
def group() -> None:
    """Redesign a whole catalogue for several audiences."""


@app.command(RUN)
def farm_command(
    catalogue: Path = CATALOGUE,
    audience: list[str] = AUDIENCE,
    out: str = OUT,
    where: str = WHERE,
    limit: int = LIMIT,
    workers: int = WORKERS,
    address: str = ADDRESS,
    batch: int = BATCH,
    resume: bool = RESUME,
    n: int = suggest.N,
    preset: str = suggest.PRESET,
    change: float = suggest.CHANGE,
    budget: float = suggest.BUDGET,
    steps: int = suggest.STEPS,
    objective: str = suggest.OBJECTIVE,
    render: str = suggest.RENDER,
    seed: int = suggest.SEED,
    verify: bool = suggest.VERIFY,
    force: bool = suggest.FORCE,
    pack: str = suggest.PACK,
    min_audience: int = suggest.MIN_AUDIENCE,
) -> None:
    """Redesign every product of a catalogue for every audience, on all cores or a Ray cluster.

    Writes redesigns.parquet (a row for each redesign), failures.parquet, timings.parquet and the pictures. A product
    that fails is named in failures.parquet and costs no other. Ctrl-C, or a machine that dies, leaves a folder that
    --resume goes on with. Needs pip install 'gigs[farm]'.

    Examples:

      gigs farm data/hm --audience women --audience men --out farm

      gigs farm data/hm --audience women --where 'group in ["Shoes"]' --limit 500 --preset preview --out farm

      gigs farm report farm
    """
    # torch takes seconds to import; --help should not wait for it
    from gigs.farm.plan import Request
    from gigs.farm.run import farm
    from gigs.method.options import Options, preset_of
    from gigs.method.presets import with_budget

    chosen = preset_of(preset, n=n, steps=steps, change=change, objective=objective, render=render)
    options = Options(
        preset=with_budget(chosen, budget), seed=suggest.checked_seed(seed), verify=verify, force=force
    )  # fmt: skip
    request = Request(
        catalogue=catalogue, audiences=tuple(audience), out=out, options=options, pack=pack, where=where, limit=limit,
        workers=workers, address=address, batch=batch, resume=resume, min_audience=min_audience,
    )  # fmt: skip
    with progress_bars(errors) as on_step:
        done = farm(request, on_step)
    rate = f", {60 * done.made / done.seconds:.1f} items a minute" if done.made else ""
    output.print(
        f"{out}: {done.items} items, {done.made} of them made now in {done.seconds / 60:.1f} minutes{rate}; "
        f"{done.redesigns} redesigns. Next: gigs farm report {out}",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
    if done.failures:
        warn(f"{done.failures} times an item could not be made for an audience; failures.parquet says why")


@app.command("report")
def report_command(
    folder: str = typer.Argument(..., metavar="DIR", help="Folder or URL that `gigs farm` wrote."),
) -> None:
    """Sum up a run: which products gain most, for whom, and by which change.

    Writes report/index.html in the folder, a page that can be searched, filtered and sorted, with products.csv and
    categories.csv beside it. Share the folder report as a whole: the page loads its pictures from there.

    Example:

      gigs farm report farm
    """
    from gigs.farm.report.write import write_report

    with progress_bars(errors) as on_step:
        page = write_report(folder, on_step)
    output.print(page, markup=False, highlight=False, soft_wrap=True)
