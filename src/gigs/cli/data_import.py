"""`gigs data import`: catalogues from known layouts, from files and from databases."""

from __future__ import annotations

from pathlib import Path

import typer

from gigs.cli import data_shop
from gigs.cli.console import errors, output, warn
from gigs.cli.data_shop import OUT, SEED, SIZE, SPLIT, TEST_SHARE, say
from gigs.cli.progress_bars import progress_bars

app = typer.Typer(help="Import a catalogue: your own files or database, or a public data set.", no_args_is_help=True)
app.command("folder")(data_shop.import_folder_command)
app.command("sql")(data_shop.import_sql_command)


@app.command("hm")
def import_hm_command(
    source: Path = typer.Argument(
        ...,
        metavar="SRC",
        help="Folder with articles.csv, customers.csv, transactions_train.csv and images/, as Kaggle distributes it.",
    ),
    out: Path = OUT,
    more: list[Path] = typer.Option(
        [], metavar="FOLDER", help="Another folder with articles.csv and images/ (.jpg or .webp). May be repeated."
    ),
    size: int = SIZE,
    hold_out: int = typer.Option(
        1000, min=0, help="Number of products to hold out from every generator, encoder and classifier."
    ),
    split: str = SPLIT,
    test_share: float = TEST_SHARE,
    seed: int = SEED,
) -> None:
    """Import the public H&M data (a sample or the full download) into a catalogue.

    Writes parquet tables, one packed array of pictures, the split and the held-out products.

    With --more, articles of other folders are added, each once. They take disk space; no purchases are read from them.
    Only products of SRC are held out, together with their other colours.

    Example: gigs data import hm downloads/hm --more downloads/hm-more --out data/hm-128
    """
    from gigs.data.importers.hm import HmSettings, import_hm
    from gigs.data.splits import SplitSettings

    chosen = SplitSettings(kind=split, test_share=test_share)
    settings = HmSettings(image_size=size, hold_out=hold_out, split=chosen, seed=seed)
    with progress_bars(errors) as on_step:
        catalogue = import_hm([source, *more], out, settings, on_step=on_step)
    for note in catalogue.info["notes"]:
        warn(note)
    say(catalogue)


@app.command("amazon-fashion")
def import_amazon_fashion_command(
    source: Path = typer.Argument(
        ...,
        metavar="FILE.npy",
        help="AmazonFashion6ImgPartitioned.npy, AmazonWomenWithImgPartitioned.npy, AmazonMenWithImgPartitioned.npy or "
        "TradesyImgPartitioned.npy.",
    ),
    out: Path = OUT,
    size: int = SIZE,
    hold_out: int = typer.Option(
        1000,
        min=0,
        help="Number of items to hold out from every generator, encoder and classifier. 0 is the paper's protocol.",
    ),
    classes: str = typer.Option(
        "", help="Names of the classes in order, such as 'tops,shoes'. Default: class 0, class 1, ..."
    ),
    seed: int = SEED,
) -> None:
    """Import the data of Kang et al. 2017 (DVBPR), which the paper uses, from the file that the authors publish.

    The authors' splits and classes are kept, and the counts of Table 1 are printed. The file is a Python 2 pickle, but
    no code in it is ever run. Photos are read one by one, so only users, items and interactions take memory.

    Example: gigs data import amazon-fashion AmazonFashion6ImgPartitioned.npy --hold-out 0 --out data/amazon
    """
    from gigs.data.importers.amazon_fashion import AmazonFashionSettings, import_amazon_fashion, published

    names = tuple(name.strip() for name in classes.split(",")) if classes else ()
    settings = AmazonFashionSettings(image_size=size, hold_out=hold_out, classes=names, seed=seed)
    with progress_bars(errors) as on_step:
        catalogue = import_amazon_fashion(source, out, settings, on_step=on_step)
    counts = catalogue.info["table_1"]
    stated = published(catalogue)
    output.print(
        f"Table 1: {counts['users']:,} users, {counts['items']:,} items, {counts['interactions']:,} interactions"
        + (f" (the authors state {stated[0]} users, {stated[1]} images, {stated[2]} actions)" if stated else ""),
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    say(catalogue)
