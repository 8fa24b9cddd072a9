"""`gigs audience`: the people that redesigns are made for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars
from gigs.packs.names import DEFAULT

app = typer.Typer(help="List, show and create audiences: the people that redesigns are made for.", no_args_is_help=True)
PACK = typer.Argument(DEFAULT, help="Bundled pack, folder of a pack, or Hugging Face Hub id.")
PACK_OPTION = typer.Option(DEFAULT, help="Bundled pack, folder of a pack, or Hugging Face Hub id; with judges.")


@app.command("list")
def list_command(pack: str = PACK) -> None:
    """List the audiences that a pack knows."""
    from gigs.packs import load_pack

    loaded = load_pack(pack)
    table = Table("name", "who", "users", title=f"audiences of {loaded.name}")
    for name, about in loaded.audiences.items():
        table.add_row(name, about["label"], f"{about['users']:,}")
    output.print(table)


@app.command("show")
def show_command(
    audience: str = typer.Argument(..., metavar="AUDIENCE", help="An audience of the pack, or an .audience file."),
    pack: str = PACK_OPTION,
) -> None:
    """Describe an audience: its members, what they buy more than others, and how private it is."""
    from gigs.packs import load_pack
    from gigs.packs.audiences.file import SUFFIX, load_audience

    if audience.endswith(SUFFIX):
        stored = load_audience(Path(audience))
        _show(stored.name, stored.label, stored.users, {**stored.origin, "privacy": stored.privacy})
        return
    loaded = load_pack(pack)
    found = loaded.audience(audience)
    about = loaded.audiences[audience]
    _show(found.name, about["label"], found.users, {**about, "from": about.get("condition")})


@app.command("create")
def create_command(
    name: str = typer.Argument(..., metavar="NAME", help="Name of the audience."),
    source: str = typer.Option(
        ...,
        "--from",
        metavar="SPEC",
        help="Who belongs to it: a condition on users, such as 'age >= 18 and age < 30'; all-but:CONDITION; @FILE "
        "with one user id per line; user:ID; buyers-of:ITEM_ID; buyers-of:type=Dress; or segment:NUMBER of the "
        "pack. For one person or shop, give what they like: likes:@FILE with one item id or photo per line, "
        "likes:FOLDER or likes:PHOTO.",
    ),
    catalogue: Path = typer.Option(None, help="Catalogue with the users and their purchases, from `gigs data import`."),
    pack: str = PACK_OPTION,
    label: str = typer.Option(
        None, help="Description in words. By default, it is made from what sets the members apart."
    ),
    weights: Path = typer.Option(None, help="File with user_id,weight on each line: how much each member counts."),
    epsilon: float = typer.Option(
        None,
        "--dp-epsilon",
        help="Add noise, so that the audience reveals little about any one member (differential privacy). 1 is usual.",
    ),
    delta: float = typer.Option(1e-6, "--dp-delta", help="Probability that the privacy of --dp-epsilon fails."),
    min_audience: int = typer.Option(50, min=1, help="Smallest number of members."),
    out: Path = typer.Option(None, "--out", "-o", help="File to write. Default: NAME.audience."),
) -> None:
    """Create an audience of your own for `gigs suggest --audience FILE`. Judges check it like the pack's audiences.

    Nothing is trained: the members' tastes are computed from their purchases. Examples:

      gigs audience create young --from 'age < 25' --catalogue data/hm

      gigs audience create dresses --from buyers-of:type=Dress --catalogue data/hm --dp-epsilon 1

      gigs audience create my-shop --from likes:photos/ --min-audience 1
    """
    from gigs.audience.privacy import PrivacySettings
    from gigs.data.catalogue import Catalogue
    from gigs.packs import load_pack
    from gigs.packs.audiences.create import AudienceRequest, create_audience
    from gigs.packs.audiences.file import SUFFIX, save_audience

    request = AudienceRequest(
        name=name, spec=source, label=label, weights=weights, minimum=min_audience,
        privacy=None if epsilon is None else PrivacySettings(epsilon=epsilon, delta=delta),
    )  # fmt: skip
    path = out or Path(name + SUFFIX)
    if path.suffix != SUFFIX:
        path = path.with_name(path.name + SUFFIX)
    with progress_bars(errors) as on_step:
        made = create_audience(
            load_pack(pack), Catalogue.open(catalogue) if catalogue else None, request, on_step=on_step
        )
    save_audience(made, path)
    _show(made.name, made.label, made.users, {**made.origin, "privacy": made.privacy})
    output.print(f"{path}: use it with gigs suggest --audience {path}", soft_wrap=True, markup=False, highlight=False)


def _show(name: str, label: str, users: int, about: dict[str, Any]) -> None:
    for line in described(name, label, users, about):
        output.print(line, soft_wrap=True, markup=False, highlight=False)


def described(name: str, label: str, users: int, about: dict[str, Any]) -> list[str]:
    """A few lines that describe an audience; `about` is its entry in a pack, or the origin of an audience file."""
    lines = [f"{name}: {label}", f"  {users:,} users, from: {about.get('from')}"]
    if about.get("members") == "own halves":
        lines.append("  the model that is optimised and those that judge go by different members")
    elif about.get("members") == "all":
        lines.append("  the model that is optimised and those that judge go by the same members")
    said = about.get("description")
    if said:
        for one in said["favourites"]:
            lines.append(
                f"  {one['column']} {one['value']}: {one['share']:.0%} of purchases, {one['lift']:.1f} x usual"
            )
        if said["age"] is not None:
            lines.append(f"  median age {said['age']:.0f}, of all {said['age_of_all']:.0f}")
    privacy = about.get("privacy")
    if privacy:
        lines.append(privacy_line(privacy))
        lines.append(f"  {privacy['scope']}")
    return lines


def privacy_line(privacy: dict[str, Any]) -> str:
    """The privacy guarantee in one line."""
    return (
        f"  private: epsilon {privacy['epsilon']:g}, delta {privacy['delta']:g} ({privacy['neighbours']}); "
        f"released: {privacy['released']}"
    )
