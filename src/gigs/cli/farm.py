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
    """A group whose default command is `run`: `gigs farm data/hm` means `gigs farm run data/hm`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse like Typer, with the default command's name added."""
        return super().parse_args(ctx, args if not args or args[0] in self.commands else [RUN, *args])


app = typer.Typer(help="Redesign a whole catalogue.", no_args_is_help=True, cls=WithRun)

CATALOGUE = typer.Argument(..., metavar="CATALOGUE", help="Catalogue: a folder from `gigs data import`.")
AUDIENCE = typer.Option(
    ...,
    "--audience",
    "-a",
    help="Whom the redesigns are for, as in `gigs suggest`. May be repeated: every product is redesigned for every "
    "audience.",
)
OUT = typer.Option(..., "--out", "-o", help="Folder for the tables and pictures, or a URL such as s3://bucket/folder.")
WHERE = typer.Option("", help="Condition on items, such as 'group in [\"Shoes\"]'.")
LIMIT = typer.Option(None, min=1, help="Largest number of items, in the order of their ids.")
WORKERS = typer.Option(None, min=1, help="Number of workers, with one core each. Default: one per core.")
ADDRESS = typer.Option(
    None, help="Address of a running Ray cluster, or auto. By default, Ray is started on this machine for the run."
)
BATCH = typer.Option(4, min=1, help="Number of items that a worker is given, and that are written, at once.")
RESUME = typer.Option(False, "--resume", help="Continue the run in --out. Finished items are kept.")


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

    Writes redesigns.parquet (a row for each redesign), failures.parquet, timings.parquet and the pictures. If a product
    fails, it is listed in failures.parquet, and the others go on. After Ctrl-C or a crash, --resume continues the run.
    Needs pip install 'gigs[farm]'.

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
    folder: str = typer.Argument(..., metavar="DIR", help="Folder or URL of a run of `gigs farm`."),
) -> None:
    """Sum up a run: which products gain most, for which audience, and by which change.

    Writes report/index.html, a page that can be searched, filtered and sorted, with products.csv and categories.csv
    beside it. Share the whole folder `report`: the page loads its pictures from it.

    Example:

      gigs farm report farm
    """
    from gigs.farm.report.write import write_report

    with progress_bars(errors) as on_step:
        page = write_report(folder, on_step)
    output.print(page, markup=False, highlight=False, soft_wrap=True)
