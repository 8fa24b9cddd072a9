"""`gigs experiment`: the paper's tables and figures on any catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars

app = typer.Typer(help="Run the paper's experiments on any catalogue and with any models.", no_args_is_help=True)
WORDS = {
    "table2": "Compare the method with preference maximisation, personalised and not, from designs drawn at random.",
    "table3": "Redesign products that sampled users bought, and products that they did not.",
    "table4": "Redesign upper-body garments, footwear and trousers (or another --segment).",
    "table5": "Redesign for audiences of 1 to 1000 users and for everyone; draws figure 6, a box plot.",
    "radius": "Vary the search radius from 0.1 to 0.6: gain, judges' gain, category kept, diversity.",
    "figures": "Draw figures 4 and 5: grids of pictures from the generators.",
    "all": "Make every table and figure. Results that are already in --out are only summed up.",
}
CATALOGUE = typer.Argument(..., metavar="CATALOGUE", help="Folder from `gigs data import`.")
PROTOCOL = typer.Option(
    "honest",
    help="honest, paper-text (the numbers of the paper's text) or paper-code (what the paper's scripts do); see "
    "docs/lab/experiments.md.",
)
ITEMS = typer.Option(50, help="Photos or users per row of a table.")
SEED = typer.Option(0, help="Random seed: draws users, photos and first shifts.")
OUT = typer.Option(Path("experiments"), "--out", "-o", help="Folder for tables and plots.")
WORK = typer.Option(None, help="Folder for single results, reconstructions and pictures. Default: `work` inside --out.")
RECOMMENDER = typer.Option(None, help="Recommender file to use as target. Default: the pack's.")
METHODS = typer.Option(
    ["gradient", "supported"],
    "--method",
    help="How photos are redesigned: gradient (the paper's way), supported, or both.",
)
BASELINE = typer.Option(None, help="For table2: folder from `gigs train generator --family dvbpr-gan`.")
PRESET = typer.Option(
    "fast", help="Preset of the redesigns, as in `gigs suggest`. The protocol sets n, radius and weights."
)
STEPS = typer.Option(None, help="T, the number of steps of every loop. Default: the preset's.")
PACK = typer.Option("hm-64", help="Pack with the generator and the judges.")
GENERATOR = typer.Option(None, help="Generator file to use instead of the pack's.")
ENCODER = typer.Option(None, help="Encoder file that goes with --generator.")
SPACE = typer.Option(None, help="Latent space to search in, as in `gigs suggest`.")
CLASS = typer.Option(None, "--class", min=0, help="Class to draw, if the generator knows classes.")
SIZE = typer.Option(None, help="Side in pixels at which pictures are compared and scored.")
WHERE = typer.Option("", help="Condition on the items whose photos are redesigned.")
SEGMENTS = typer.Option([], "--segment", metavar="NAME=CONDITION", help="Row of table4. May be repeated.")
PHOTOS = typer.Option(False, "--with-photos", help="Show the catalogue's photos in Fig. 5 (not for publication).")
DEVICE = typer.Option("cpu", help="cpu, cuda, cuda:1, mps, or auto.")


@app.callback()
def group() -> None:
    """Run the paper's experiments on any catalogue and with any models.

    An interrupted experiment continues where it stopped.

    Example: gigs experiment table3 data/hm --items 50
    """


def _command(name: str) -> Callable[..., None]:
    """The command of one table. The commands differ only in what they run."""

    def command(
        catalogue: Path = CATALOGUE,
        protocol: str = PROTOCOL,
        items: int = ITEMS,
        seed: int = SEED,
        out: Path = OUT,
        work: Path = WORK,
        recommender: Path = RECOMMENDER,
        methods: list[str] = METHODS,
        baseline: Path = BASELINE,
        preset: str = PRESET,
        steps: int = STEPS,
        pack: str = PACK,
        generator: Path = GENERATOR,
        encoder: Path = ENCODER,
        space: str = SPACE,
        label: int = CLASS,
        size: int = SIZE,
        where: str = WHERE,
        segments: list[str] = SEGMENTS,
        photos: bool = PHOTOS,
        device: str = DEVICE,
    ) -> None:
        from gigs.experiments.protocol import get_protocol
        from gigs.experiments.report import run_experiments
        from gigs.experiments.settings import TABLES, ExperimentSettings, segments_of
        from gigs.experiments.setup import Parts, load_bench
        from gigs.generator.use import Use
        from gigs.method.presets import get_preset  # torch takes seconds to import; --help should not wait for it
        from gigs.session import OwnModels

        settings = ExperimentSettings(
            items=items, seed=seed, methods=tuple(methods), where=where, segments=segments_of(segments)
        )
        models = OwnModels(
            generator=generator, encoder=encoder, recommender=recommender, use=Use(space=space, label=label, size=size)
        )
        parts = Parts(catalogue=catalogue, pack=pack, models=models, baseline=baseline, device=device)
        chosen, wanted = get_protocol(protocol), get_preset(preset, steps=steps)
        names = (*TABLES, "figures") if name == "all" else (name,)
        with progress_bars(errors) as on_step:
            bench = load_bench(parts, chosen, wanted, settings, work or out / "work", on_step=on_step)
            files = run_experiments(names, bench, out, photos=photos, tell=_tell, on_step=on_step)
        output.print("\n".join(str(file) for file in files), markup=False, highlight=False, soft_wrap=True)

    command.__doc__ = WORDS[name]
    return command


def _tell(line: str) -> None:
    errors.print(line, markup=False, highlight=False, soft_wrap=True)


for _name in WORDS:
    app.command(_name)(_command(_name))
