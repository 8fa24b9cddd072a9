"""`gigs evaluate`: measure how good a model is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from rich.table import Column, Table

from gigs.cli.console import errors, output, warn
from gigs.cli.progress_bars import progress_bars
from gigs.cli.train_options import ALIKE, columns_of

AMONG = {"all": "all items", "bought": "bought items", "within": "bought ones of its kind"}

app = typer.Typer(help="Measure a model on data that it was not trained on.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Measure a model on data that it was not trained on."""


@app.command("recommender")
def evaluate_recommender_command(
    model: Path = typer.Argument(..., metavar="MODEL", help="File from `gigs train recommender`."),
    catalogue: Path = typer.Argument(..., metavar="CATALOGUE", help="The catalogue it was trained on."),
    split: str = typer.Option("test", help="test or validation."),
    candidates: str = typer.Option(
        "",
        help="Rank the bought item among all unseen items (all), among those that somebody bought, or among bought "
        "ones of the same type and section (within). Default: each of the three.",
    ),
    alike: str = typer.Option("", help=ALIKE),
    users: int = typer.Option(
        20_000,
        min=0,
        help="Largest number of users whose purchases are ranked. If there are more, this many are drawn. 0 ranks all.",
    ),
    seed: int = typer.Option(0, min=0, help="Random seed: of the bootstrap, and of the draw of users."),
    json_out: Path = typer.Option(None, "--json", help="Write the figures to this file too."),
    keep: bool = typer.Option(
        False,
        "--keep",
        help="Write the figures into MODEL too, where `gigs suggest` looks for them. This is for a recommender that "
        "others trained. The split must hold no purchase that it was trained on.",
    ),
) -> None:
    """Measure a recommender's AUC, Recall@10/50 and NDCG@10, beside popularity and chance.

    All items of the split are measured, and those that were unseen in training apart.

    Items are ranked among all items, among those that somebody bought, and among those of the same type and section.
    The last tells whether the recommender knows more than which kinds of things people buy. Intervals are 95%, from
    resampling users.
    """
    from gigs.data.catalogue import Catalogue
    from gigs.io import storage
    from gigs.recommender import load_recommender
    from gigs.recommender.evaluate import RankingSettings, evaluate_ways, every_way
    from gigs.recommender.standing import doubt_of, keep_scores

    settings = RankingSettings(
        split=split, candidates=candidates or "all", alike=columns_of(alike), seed=seed, users=users
    )
    with progress_bars(errors) as on_step:
        opened = Catalogue.open(catalogue)
        ways = [settings] if candidates else every_way(opened.items, settings)
        recommender = load_recommender(model)
        reports = evaluate_ways(recommender, opened, ways, on_step=on_step)
    output.print(_table(reports, f"{model.name}, {split} split"))
    if json_out:
        storage.write_json(json_out, {report["candidates"]: report for report in reports})
    if keep:
        keep_scores(recommender, reports, model)
    warn(doubt_of(reports[0]["model"]["overall"]["auc"]))


@app.command("fold-in")
def evaluate_fold_in_command(
    model: Path = typer.Argument(..., metavar="MODEL", help="Recommender that was trained on one fold of the buyers."),
    catalogue: Path = typer.Argument(..., metavar="CATALOGUE", help="The catalogue it was trained on."),
    reference: Path = typer.Option(None, help="Recommender that was trained on the other buyers, for comparison."),
    decay: float = typer.Option(
        None, help="lambda of Eq. 3 for a model with free user vectors. Default: as in training."
    ),
    split: str = typer.Option("test", help="test or validation."),
    seed: int = typer.Option(0, min=0, help="Random seed of the bootstrap."),
    json_out: Path = typer.Option(None, "--json", help="Write the figures to this file too."),
) -> None:
    """Measure a recommender's AUC for buyers that it never saw, whose tastes are computed from their purchases.

    Example: gigs evaluate fold-in runs/target/recommender.safetensors data/hm --reference
    runs/other-half/recommender.safetensors
    """
    from gigs.data.catalogue import Catalogue
    from gigs.io import storage
    from gigs.recommender import load_recommender
    from gigs.recommender.evaluate import RankingSettings
    from gigs.recommender.evaluate_fold_in import evaluate_fold_in
    from gigs.recommender.fold_in import FoldInSettings
    from gigs.recommender.standing import doubt_of

    with progress_bars(errors) as on_step:
        report = evaluate_fold_in(
            load_recommender(model), Catalogue.open(catalogue), on_step=on_step,
            reference=load_recommender(reference) if reference else None,
            settings=FoldInSettings(decay=decay), ranking=RankingSettings(split=split, seed=seed),
        )  # fmt: skip
    table = Table("users", "vectors", "AUC", "n", title=f"{model.name}, {split} split")
    for name, who, how in (
        ("trained", "its own", "trained"),
        ("own_folded", "its own", "folded in"),
        ("strangers_folded", "never seen", "folded in"),
        ("strangers_trained", "the same", "trained (reference)"),
    ):
        if report[name]:
            table.add_row(who, how, _cell(report[name]), str(report[name]["n"]))
    output.print(table)
    warn(doubt_of(report["trained"]))
    if json_out:
        storage.write_json(json_out, report)


@app.command("generator")
def evaluate_generator_command(
    catalogue: Path = typer.Argument(..., metavar="CATALOGUE", help="The catalogue it was trained on."),
    files: list[Path] = typer.Argument(
        ..., metavar="FILES...", help="Generator files (.safetensors), such as snapshots of one training."
    ),
    samples: int = typer.Option(2000, min=4, help="Number of pictures to draw from each generator."),
    seed: int = typer.Option(0, min=0, help="Random seed: of the latent vectors and of the subsets."),
    where: str = typer.Option("", help="Condition on the held-out items: the one that the generator was trained with."),
    label: int = typer.Option(None, "--class", min=0, help="Class to draw, if a generator knows classes."),
    size: int = typer.Option(None, help="Side in pixels at which pictures are compared. Default: the generator's own."),
    floor: bool = typer.Option(
        False,
        help="Also compare training photos with the held-out ones: the best figures that a generator could reach.",
    ),
    json_out: Path = typer.Option(None, "--json", help="Write the figures to this file too, after each generator."),
    plot: Path = typer.Option(
        None, help="Write a PNG diagram of the figures by number of training images to this file too."
    ),
) -> None:
    """Measure how near generators come to photos of held-out products.

    The measures are kernel distance, precision, recall and Fréchet distance, on two feature sets.

    This takes some minutes per generator. Neither feature set is InceptionV3's, so compare the figures with one
    another, not with published ones.

    Example: gigs evaluate generator data/hm runs/garments/generator.safetensors --where 'group in ["Shoes"]' --floor
    """
    from gigs.data.catalogue import Catalogue
    from gigs.generator.evaluate import FEATURE_SETS, ComparisonSettings, evaluate_files, plot_curve
    from gigs.generator.use import Use
    from gigs.io import storage
    from gigs.io.extras import require

    if plot:
        require("matplotlib", "plots", "--plot")
    reports: list[dict[str, Any]] = []
    with progress_bars(errors) as on_step:
        settings = ComparisonSettings(samples=samples, seed=seed, where=where, floor=floor)
        use = Use(label=label, size=size)
        for report in evaluate_files(files, Catalogue.open(catalogue), settings, use=use, on_step=on_step):
            reports.append(report)
            if json_out:
                storage.write_json(json_out, {"catalogue": catalogue.as_posix(), "generators": reports})
    for name in FEATURE_SETS:
        output.print(_generator_table(reports, name))
    if plot:
        output.print(f"{plot_curve(reports, plot)}: the figures by number of training images", soft_wrap=True)


def _generator_table(reports: list[dict[str, Any]], features: str) -> Table:
    """The figures of one feature set: a row for every generator and, if measured, one for the training photos."""
    key = features.replace("-", "_")
    title = f"features of {features}, against {reports[0]['n_real']:,} held-out photos"
    columns = ("images shown", "drawn", "kernel distance x1000 (sd)", "precision", "recall", "Fréchet")
    table = Table(Column("generator", overflow="fold"), *columns, title=title)
    for report in reports:
        floor = [("training photos", None, report["floor"])] if "floor" in report else []
        for name, shown, part in [(Path(report["file"]).stem, report["images_shown"], report), *floor]:
            figures = part["figures"]
            table.add_row(
                name,
                "-" if shown is None else f"{shown:,}",
                f"{part['n_fake']:,}",
                f"{figures[f'kid_{key}_x1000']:.3g} ({figures[f'kid_{key}_sd_x1000']:.2g})",
                *(f"{figures[f'{figure}_{key}']:.3f}" for figure in ("precision", "recall")),
                f"{figures[f'frechet_{key}']:.4g}",
            )
    return table


def _table(reports: list[dict[str, Any]], title: str) -> Table:
    names = ("ranked by", "items", "AUC", "Recall@10", "Recall@50", "NDCG@10", "users")
    table = Table("among", *names, title=title)
    for report in reports:
        for who in ("model", "popularity", "random"):
            for which in ("overall", "cold"):
                figures = report[who][which]
                cells = [_cell(figures[name]) for name in ("auc", "recall@10", "recall@50", "ndcg@10")]
                shown = "all held out" if which == "overall" else "unseen in training"
                table.add_row(AMONG[report["candidates"]], who, shown, *cells, str(figures["auc"]["n"]))
        table.add_section()
    return table


def _cell(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
