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

OUT = typer.Option(..., "--out", "-o", help="Folder for the catalogue; a finished one in it is replaced.")
SIZE = typer.Option(128, min=32, max=1024, help="Side in pixels of the packed square pictures.")
SEED = typer.Option(0, min=0, help="Draws the held-out products, and the order of purchases of one time.")
SPLIT = typer.Option(
    "leave-last-out",
    help="leave-last-out (each user's last item tests, the one before it validates) or time (everything from one day "
    "on tests, whoever bought it: nothing that is trained on is newer than what tests).",
)
TEST_SHARE = typer.Option(
    0.1, help="With --split time: share of the purchases, the newest, that test; as many before them validate."
)
COLUMN = "else guessed."
ITEM_ID = typer.Option(
    [],
    "--item-id",
    help=f"Column of the item's id; {COLUMN} Where tables differ, once each: items=sku, interactions=code.",
)
USER_ID = typer.Option([], "--user-id", help=f"Column of the user's id; {COLUMN} TABLE=COLUMN as for --item-id.")
EVENT = typer.Option(None, "--event", help=f"Column of the kind of event (view, purchase, ...); {COLUMN}")
WEIGHT = typer.Option(None, "--weight", help=f"Column of a weight or quantity; {COLUMN}")
TIME = typer.Option(None, "--time", help=f"Column of the time, ISO 8601 or epoch (s, ms, us, ns); {COLUMN}")
IMAGE = typer.Option(None, "--image", help=f"Column of the photo's path or name, several separated by |; {COLUMN}")
PRODUCT = typer.Option(None, "--product", help=f"Column of the product whose variants the items are; {COLUMN}")
NAME = typer.Option(None, "--name", help=f"Column of the item's name; {COLUMN}")
TYPE = typer.Option(None, "--type", help=f"Column of the kind of thing, such as T-shirt; {COLUMN}")
GROUP = typer.Option(None, "--group", help=f"Column of the wider group, such as Shoes; {COLUMN}")
SECTION = typer.Option(None, "--section", help=f"Column of the section, such as Ladieswear; {COLUMN}")
COLOUR = typer.Option(None, "--colour", help=f"Column of the colour's name; {COLUMN}")
EVENT_WEIGHT = typer.Option(
    [], "--event-weight", help="KIND=WEIGHT, once for each kind that counts; others are left out. Negative for returns."
)
MIN_WEIGHT = typer.Option(0.0, help="Leave out pairs of user and item whose weights add up to less.")
K_CORE = typer.Option(0, min=0, help="Keep only users and items with at least so many partners, repeatedly.")
HOLD_OUT = typer.Option(
    None, min=0, help="Products kept from every generator, encoder and classifier; a twentieth, at most 1000."
)
PRESET = typer.Option(
    "", "--preset", help="shopify or woocommerce: whose exports these are, with their columns known; else guessed."
)
TIME_FORMAT = typer.Option("", help="How times are written, as for strptime: '%d/%m/%Y %H:%M'.")


def import_folder_command(
    images: Path = typer.Option(..., "--images", help="Folder or zip of the photos: JPEG, PNG, WebP or AVIF."),
    items: Path = typer.Option(..., "--items", help="Table of items: CSV, TSV, JSON Lines or Parquet."),
    interactions: Path = typer.Option(..., "--interactions", help="Table of who did what: the same kinds of file."),
    users: Path = typer.Option(
        None, "--users", help="Table of users, if you have one; audiences can then be described."
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
    encoding: str = typer.Option("", help="Of CSV and TSV files; UTF-8, UTF-16 or Windows-1252 is found out."),
    size: int = SIZE,
    seed: int = SEED,
) -> None:
    """Import a shop's own export: a table of items, a table of what users did, and a folder or zip of photos.

    An item's photo is the one that its row names, or else the one whose file is called by the item's id
    (123.jpg, 123-front.jpg, 123/1.jpg). Of several photos the first that can be read becomes the picture. Ids may be of
    any kind; leading zeros count. Whatever cannot be used is left out, counted, and listed by row in DIR/dropped.csv.

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
        ..., metavar="URL", help="Database, as SQLAlchemy writes it, or env:NAME for a URL kept in the environment."
    ),
    images: Path = typer.Option(..., "--images", help="Folder or zip of the photos: JPEG, PNG, WebP or AVIF."),
    items: str = typer.Option(..., "--items", help="Query for the items, or @FILE with one."),
    interactions: str = typer.Option(..., "--interactions", help="Query for who did what, or @FILE with one."),
    users: str = typer.Option("", "--users", help="Query for the users, or @FILE with one."),
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
    """Import a shop from its database, by queries; photos come from a folder or zip as for `import folder`.

    Needs pip install 'gigs[sql]', which brings SQLAlchemy and a driver for PostgreSQL. The database is only read. The
    URL's password is neither printed nor stored; env:NAME keeps it out of your shell's history too.

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
    """Import, and say what was made of it."""
    with progress_bars(errors) as on_step:
        catalogue = importer(settings=settings, on_step=on_step)
    _explain(catalogue)


def _settings(given: Mapping[str, Any]) -> ShopSettings:
    """The options that both commands share, as settings."""
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
    """Which columns were taken for what, what was left out and why, and the next command."""
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
    """What was imported, how it is split by time where it is, and the next command."""
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
    """Text from outside, in one line and without terminal codes."""
    from gigs.data.importers.cell_values import one_line

    output.print(one_line(text), markup=False, highlight=False, soft_wrap=True)
