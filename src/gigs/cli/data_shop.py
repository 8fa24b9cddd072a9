"""`gigs data import folder` and `gigs data import sql`: a shop's own data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars
from gigs.errors import InputError

if TYPE_CHECKING:
    from gigs.data.catalogue import Catalogue
    from gigs.data.importers.shop import ShopSettings

OUT = typer.Option(..., "--out", "-o", help="Folder for the catalogue. A finished catalogue in it is replaced.")
SIZE = typer.Option(128, min=32, max=1024, help="Side of the packed square photos, in pixels.")
SEED = typer.Option(0, min=0, help="Random seed: draws the held-out products, and orders purchases of the same time.")
SPLIT = typer.Option(
    "leave-last-out",
    help="leave-last-out: each user's last item is for testing, the one before it for validation. time: everything "
    "from one day on is for testing, so no training data is newer than the test data.",
)
TEST_SHARE = typer.Option(
    0.1,
    help="With --split time: share of the purchases (the newest) that are for testing. As many before them are for "
    "validation.",
)
COLUMN = "Guessed if not given."
ITEM_ID = typer.Option(
    [],
    "--item-id",
    help=f"Column of the item's id. {COLUMN} If the tables name it differently, repeat the option: items=sku, "
    "interactions=code.",
)
USER_ID = typer.Option([], "--user-id", help=f"Column of the user's id. {COLUMN} TABLE=COLUMN as for --item-id.")
EVENT = typer.Option(None, "--event", help=f"Column of the kind of event (view, purchase, ...). {COLUMN}")
WEIGHT = typer.Option(None, "--weight", help=f"Column of a weight or quantity. {COLUMN}")
TIME = typer.Option(None, "--time", help=f"Column of the time, ISO 8601 or epoch (s, ms, us, ns). {COLUMN}")
IMAGE = typer.Option(None, "--image", help=f"Column of the photo's path or name; several are separated by |. {COLUMN}")
PRODUCT = typer.Option(None, "--product", help=f"Column of the product whose variants the items are. {COLUMN}")
NAME = typer.Option(None, "--name", help=f"Column of the item's name. {COLUMN}")
TYPE = typer.Option(None, "--type", help=f"Column of the kind of thing, such as T-shirt. {COLUMN}")
GROUP = typer.Option(None, "--group", help=f"Column of the wider group, such as Shoes. {COLUMN}")
SECTION = typer.Option(None, "--section", help=f"Column of the section, such as Ladieswear. {COLUMN}")
COLOUR = typer.Option(None, "--colour", help=f"Column of the colour's name. {COLUMN}")
EVENT_WEIGHT = typer.Option(
    [],
    "--event-weight",
    help="KIND=WEIGHT. Repeat it for each kind of event that counts; other kinds are left out. Use a negative "
    "weight for returns.",
)
MIN_WEIGHT = typer.Option(0.0, help="Leave out pairs of user and item whose summed weight is lower.")
K_CORE = typer.Option(
    0,
    min=0,
    help="Keep only users with at least this many items, and items with at least this many users, until all "
    "that remain have so many.",
)
HOLD_OUT = typer.Option(
    None,
    min=0,
    help="Number of products to hold out from every generator, encoder and classifier. Default: one in twenty, at "
    "most 1000.",
)
PRESET = typer.Option(
    "",
    "--preset",
    help="shopify or woocommerce, if the files are exports of one of these: their columns are known. By default, "
    "columns are guessed.",
)
TIME_FORMAT = typer.Option("", help="Format of the times, as for strptime: '%d/%m/%Y %H:%M'.")


def import_folder_command(
    images: Path = typer.Option(..., "--images", help="Folder or zip of the photos: JPEG, PNG, WebP or AVIF."),
    items: Path = typer.Option(..., "--items", help="Table of items, as CSV, TSV, JSON Lines or Parquet."),
    interactions: Path = typer.Option(
        ..., "--interactions", help="Table of interactions (who did what), in one of the same formats."
    ),
    users: Path = typer.Option(
        None, "--users", help="Table of users, if you have one. Audiences can then be conditions on its columns."
    ),
    out: Path = OUT,
    preset: str = PRESET,
    item_id: list[str] = ITEM_ID,
    user_id: list[str] = USER_ID,
    event: str = EVENT,
    weight: str = WEIGHT,
    time: str = TIME,
    image: str = IMAGE,
    product: str = PRODUCT,
    name: str = NAME,
    type_: str = TYPE,
    group: str = GROUP,
    section: str = SECTION,
    colour: str = COLOUR,
    event_weight: list[str] = EVENT_WEIGHT,
    min_weight: float = MIN_WEIGHT,
    k_core: int = K_CORE,
    hold_out: int = HOLD_OUT,
    time_format: str = TIME_FORMAT,
    split: str = SPLIT,
    test_share: float = TEST_SHARE,
    encoding: str = typer.Option(
        "", help="Encoding of CSV and TSV files. UTF-8, UTF-16 and Windows-1252 are detected."
    ),
    size: int = SIZE,
    seed: int = SEED,
) -> None:
    """Import a shop's own export: a table of items, a table of what users did, and a folder or zip of photos.

    An item's photo is the one that its row names, or else the one whose file is named after the item's id (123.jpg,
    123-front.jpg, 123/1.jpg). If there are several, the first readable one is used. Ids may be of any kind; leading
    zeros are kept. Rows that cannot be used are left out, counted, and listed in DIR/dropped.csv.

    Examples:

      gigs data import folder --images photos --items items.csv --interactions orders.csv --out data/my-shop

      gigs data import folder --images photos.zip --items items.csv --interactions events.jsonl --users users.csv
      --event-weight view=0.1 --event-weight purchase=1 --min-weight 0.3 --k-core 3 --out data/my-shop
    """
    from gigs.data.importers.folder import ShopFiles, import_folder

    files = ShopFiles(items=items, interactions=interactions, users=users, encoding=encoding)
    _import(partial(import_folder, files, images, out), _settings(locals()))


def import_sql_command(
    url: str = typer.Argument(
        ...,
        metavar="URL",
        help="URL of the database, as SQLAlchemy writes it, or env:NAME for a URL in an environment variable.",
    ),
    images: Path = typer.Option(..., "--images", help="Folder or zip of the photos: JPEG, PNG, WebP or AVIF."),
    items: str = typer.Option(..., "--items", help="Query for the items, or @FILE with the query."),
    interactions: str = typer.Option(
        ..., "--interactions", help="Query for the interactions (who did what), or @FILE with the query."
    ),
    users: str = typer.Option("", "--users", help="Query for the users, or @FILE with the query."),
    out: Path = OUT,
    preset: str = PRESET,
    item_id: list[str] = ITEM_ID,
    user_id: list[str] = USER_ID,
    event: str = EVENT,
    weight: str = WEIGHT,
    time: str = TIME,
    image: str = IMAGE,
    product: str = PRODUCT,
    name: str = NAME,
    type_: str = TYPE,
    group: str = GROUP,
    section: str = SECTION,
    colour: str = COLOUR,
    event_weight: list[str] = EVENT_WEIGHT,
    min_weight: float = MIN_WEIGHT,
    k_core: int = K_CORE,
    hold_out: int = HOLD_OUT,
    time_format: str = TIME_FORMAT,
    split: str = SPLIT,
    test_share: float = TEST_SHARE,
    size: int = SIZE,
    seed: int = SEED,
) -> None:
    """Import a shop from its database by SQL queries. Photos come from a folder or zip, as for `import folder`.

    This needs pip install 'gigs[sql]', which installs SQLAlchemy and a driver for PostgreSQL. The database is only
    read. The URL's password is neither printed nor stored; env:NAME also keeps it out of your shell's history.

    Examples:

      gigs data import sql sqlite:///shop.db --images photos --items "SELECT sku AS item_id, title, photo FROM products"
      --interactions "SELECT customer_id, sku AS item_id, ordered_at AS time FROM order_lines" --out data/my-shop

      SHOP=postgresql://reader:secret@db/shop gigs data import sql env:SHOP --images photos.zip --items @items.sql
      --interactions @orders.sql --users @customers.sql --out data/my-shop
    """
    from gigs.data.importers.sql import ShopDatabase, import_sql

    database = ShopDatabase(url=url, items=items, interactions=interactions, users=users)
    _import(partial(import_sql, database, images, out), _settings(locals()))


def _import(importer: Callable[..., Catalogue], settings: ShopSettings) -> None:
    """Import the shop, and print a summary."""
    with progress_bars(errors) as on_step:
        catalogue = importer(settings=settings, on_step=on_step)
    _explain(catalogue)


def _settings(given: Mapping[str, Any]) -> ShopSettings:
    """The settings from the options that both commands share."""
    from gigs.data.importers.columns import parse_named
    from gigs.data.importers.shop import ShopSettings
    from gigs.data.splits import SplitSettings

    roles = ("event", "weight", "time", "image", "product", "name", "group", "section", "colour")
    columns = {role: {"": given[role]} for role in roles if given[role]}
    columns |= {"type": {"": given["type_"]}} if given["type_"] else {}
    for role, texts in (("item", given["item_id"]), ("user", given["user_id"])):
        columns |= {role: parse_named(role, texts)} if texts else {}
    return ShopSettings(
        columns=columns, event_weights=dict(map(_event_weight, given["event_weight"])), min_weight=given["min_weight"],
        k_core=given["k_core"], hold_out=given["hold_out"], time_format=given["time_format"],
        preset=given["preset"],
        split=SplitSettings(kind=given["split"], test_share=given["test_share"]), image_size=given["size"],
        seed=given["seed"],
    )  # fmt: skip


def _event_weight(text: str) -> tuple[str, float]:
    kind, _, weight = text.rpartition("=")
    try:
        return kind, float(weight)
    except ValueError as error:
        raise InputError(f"--event-weight {text!r}: write KIND=WEIGHT, such as purchase=1") from error


def _explain(catalogue: Catalogue) -> None:
    """Print which columns were used for what, what was left out and why, and the next command."""
    info = catalogue.info
    for table, roles in info["columns"].items():
        guessed = info["guessed"].get(table, {})
        chosen = (f"{role} = {column}{' (guessed)' if role in guessed else ''}" for role, column in roles.items())
        _print(f"{table}: {', '.join(chosen)}")
    if len(info["events"]) > 1 and not info["event_weights"]:
        kinds = ", ".join(f"{kind or '(blank)'} {count:,}" for kind, count in info["events"].items())
        _print(f"kinds of events, all of weight 1: {kinds}; --event-weight tells them apart")
    for note in info["notes"]:
        _print(note)
    if not info["dated"]:
        _print("no column of times: the last and the last but one item of each user are drawn at random for testing")
    if info["users_added"]:
        _print(f"{info['users_added']:,} users are in the interactions only; nothing else is known of them")
    for kind in info["dropped"]:
        _print(f"left out: {kind['count']:,} {kind['table']}: {kind['reason']} ({kind['examples'][0]}); {kind['fix']}")
    if info["dropped"]:
        _print(f"all rows that were left out: {catalogue.root / 'dropped.csv'}")
    without = len(catalogue.items) - int(catalogue.items["has_image"].sum())
    _print(f"{without:,} items without a picture; {info['photos_unused']:,} photos belong to no item")
    say(catalogue)


def say(catalogue: Catalogue) -> None:
    """Print what was imported, how it is split by time (if it is), and the next command."""
    info = catalogue.info
    if "test_from" in (split := info.get("split", {})):
        _print(
            f"purchases from {split['validation_from'][:10]} on validate, from {split['test_from'][:10]} on test; "
            f"{split['pairs_of_new_users']:,} of them are of {split['new_users']:,} users without an earlier purchase, "
            f"who cannot be tested; {split['pairs_of_new_items']:,} are of {split['new_items']:,} items new since then"
        )
    _print(
        f"{catalogue.root}: {info['items']:,} items, {info['users']:,} users, {info['interactions']:,} interactions; "
        f"{len(catalogue.users_with_tests()):,} users with a test item; {len(catalogue.held_out_items()):,} items of "
        f"{info['held_out_products']:,} products held out. Next: gigs data check {catalogue.root}"
    )


def _print(text: str) -> None:
    """Print text from outside as one line, without terminal codes."""
    from gigs.data.importers.cell_values import one_line

    output.print(one_line(text), markup=False, highlight=False, soft_wrap=True)
