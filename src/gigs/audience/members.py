"""Which of a catalogue's users belong to an audience, independently of any recommender.

```
everyone                      all buyers
user:ID                       one of them
@FILE                         those listed, one id a line
age >= 18 and age < 30        a condition on the user table (`user_table`)
buyers-of:0706016001          who bought an item
buyers-of:type=Dress          who bought any item that meets a condition on the item table; COLUMN=VALUE for short
all-but:age < 45              everybody else: those who do not meet the condition, or for whom it is unknown
```
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from gigs.audience.base import EVERYONE
from gigs.data.catalogue import Catalogue
from gigs.data.conditions import matching
from gigs.errors import InputError
from gigs.io.regular import require_file

BUYERS_OF = "buyers-of:"
ALL_BUT = "all-but:"
DERIVED = ("purchases", "main_section", "bought_")  # how the columns begin that follow from what users bought
MAX_LIST = 256 << 20  # bytes; a file that is read as a whole must not fill the memory


def members_of(spec: str, catalogue: Catalogue) -> list[str]:
    """Ids of an audience's users, in the catalogue's order (of a list: in its own).

    Raises:
        InputError: Unknown users or items, or a condition that cannot be evaluated.
    """
    spec = spec.strip()
    ids = catalogue.users["user_id"].astype(str)
    if spec == EVERYONE:
        return ids.tolist()
    if spec.startswith(("user:", "@")):
        wanted = [spec[5:].strip()] if spec.startswith("user:") else listed(Path(spec[1:]))
        known = set(ids)
        for user in wanted:
            if user not in known:
                raise InputError(f"user {user!r} is not in the catalogue {catalogue.root}")
        return wanted
    if spec.startswith(BUYERS_OF):
        return ids.iloc[buyers_of(spec.removeprefix(BUYERS_OF).strip(), catalogue)].tolist()
    others = spec.startswith(ALL_BUT)
    chosen = _satisfying(spec.removeprefix(ALL_BUT), catalogue)
    return ids[~chosen if others else chosen].tolist()


def _satisfying(condition: str, catalogue: Catalogue) -> np.ndarray:
    """Which users satisfy a condition, bool `[users]`; purchases are counted only where it speaks of them."""
    if not any(name in condition for name in DERIVED):
        try:
            return matching(catalogue.users, condition, "audience")
        except InputError:
            pass  # told again below, with the names of all columns
    return matching(user_table(catalogue), condition, "audience")


def buyers_of(what: str, catalogue: Catalogue) -> np.ndarray:
    """Rows of users who bought, in training, an item (by its id) or any item that meets a condition.

    Raises:
        InputError: There is no such item, nobody bought one, or the condition cannot be evaluated.
    """
    items = catalogue.items
    chosen = (items["item_id"].astype(str) == what).to_numpy()
    if not chosen.any():
        chosen = matching(items, _condition(what, items), BUYERS_OF.rstrip(":"))
    if not chosen.any():
        raise InputError(f"{BUYERS_OF}{what}: no item of the catalogue is meant; give an item's id, or COLUMN=VALUE")
    bought = catalogue.interactions[catalogue.interactions["split"] == "train"]
    users = np.unique(bought.loc[chosen[bought["item"].to_numpy()], "user"].to_numpy())
    if not len(users):
        raise InputError(f"{BUYERS_OF}{what}: nobody bought one of these {int(chosen.sum())} items in training")
    return users


def _condition(what: str, items: pd.DataFrame) -> str:
    """A condition, also from its short form: `type=Dress`."""
    short = re.fullmatch(r"\s*(\w+)\s*=\s*([^=].*?)\s*", what)
    if short is None:
        if re.fullmatch(r"[\w-]+", what):
            raise InputError(f"{BUYERS_OF}{what}: the catalogue has no item {what}; give an id of it, or COLUMN=VALUE")
        return what
    column, value = short.groups()
    if column not in items:
        raise InputError(f"{BUYERS_OF}{what}: items have no column {column}; they have {', '.join(items.columns)}")
    return f"{column} == {value.strip(chr(34) + chr(39))!r}"


def listed(path: Path) -> list[str]:
    """Ids in a file, one per line; blank lines and duplicates are ignored.

    Raises:
        InputError: It cannot be read.
    """
    try:
        require_file(path)
        if path.is_file() and path.stat().st_size > MAX_LIST:
            raise InputError(f"audience file {path}: too large for a list (at most {MAX_LIST >> 20} MB)")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"audience file {path}: cannot be read ({error})") from error
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def read_weights(path: Path) -> dict[str, float]:
    """Each user's weight, from lines of `user_id,weight`, with or without that heading.

    Raises:
        InputError: It cannot be read, or a line has no weight above 0.
    """
    weights = {}
    for number, line in enumerate(listed(path)):
        user, _, weight = (part.strip() for part in line.rpartition(","))
        try:
            weights[user] = float(weight)
        except ValueError:
            if number == 0 and user:  # the heading
                continue
            raise InputError(f"{path}: {line!r} is not `user_id,weight`") from None
        if not (user and 0 < weights[user] < float("inf")):
            raise InputError(f"{path}: {line!r} has no weight above 0")
    if not weights:
        raise InputError(f"{path}: holds no weights; write `user_id,weight` a line")
    return weights


def user_table(catalogue: Catalogue) -> pd.DataFrame:
    """The catalogue's users with columns derived from what they bought in training.

    `purchases`: distinct items; `main_section`: the section most of them are from (the first in the alphabet on a tie);
    `bought_menswear` and the like, one a section: how many of them are from it.
    """
    train = (catalogue.interactions["split"] == "train").to_numpy()
    of_item, names = pd.factorize(catalogue.items["section"], sort=True)
    width = len(names) + 1  # the last for items without a section
    cells = catalogue.interactions["user"].to_numpy() * width
    cells += (of_item % width)[catalogue.interactions["item"].to_numpy()]
    counts = np.bincount(cells[train], minlength=len(catalogue.users) * width).reshape(len(catalogue.users), width)
    users = catalogue.users.copy()
    users["purchases"] = counts.sum(axis=1)
    sold = counts[:, :-1].any(axis=0)  # sections of which anybody bought something
    counts, names = counts[:, :-1][:, sold], names[sold]
    most = counts.argmax(axis=1) if len(names) else np.zeros(len(users), dtype=np.int64)
    labels = np.array([*names, np.nan], dtype=object)
    users["main_section"] = pd.Series(labels[np.where(counts.any(axis=1), most, -1)], index=users.index)
    columns = ["bought_" + re.sub(r"\W+", "_", str(name)).strip("_").lower() for name in names]
    return users.join(pd.DataFrame(counts, index=users.index, columns=columns))
