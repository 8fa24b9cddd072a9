"""The photos of an export, in a folder or a zip, found by path or by the item's id in the file's name.

Files are only looked up in the list of existing photos, so no path in a table can lead outside.
"""

from __future__ import annotations

import os
import re
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType

from PIL import Image

from gigs.data.importers.cell_values import one_line
from gigs.data.importers.photo_names import REFUSED, SUFFIXES
from gigs.data.importers.spelling import bare, file_names_of
from gigs.errors import DataError, InputError
from gigs.vision import images
from gigs.vision.opening import MAX_BYTES

MAX_FILES = 5_000_000
# Between several photos of one cell; a comma only after a picture's name, as names may hold commas.
AFTER_NAME = "|".join(rf"(?<={re.escape(suffix)})" for suffix in SUFFIXES)
BETWEEN = re.compile(rf"\s*[|;\n]\s*|(?:{AFTER_NAME})\s*,\s*|,\s*(?=https?://)", re.IGNORECASE)
LONG = 4  # letters of an id at least that may be written otherwise: 7 and 007 are soon two things
AFTER_ID = re.compile(r"[\s._()\-]")  # what follows the id in "123-front.jpg", "123_2.jpg", "123 (1).jpg"


class Photos:
    """The photos of a folder or zip by name. `read` may be called from any thread."""

    def __init__(self, source: str | Path) -> None:
        """List the photos.

        Raises:
            DataError: No such folder or zip, or too many files.
        """
        self.source = Path(source)
        self._zip: zipfile.ZipFile | None = None
        self.keys = sorted(set(self._listed()), key=lambda key: (key.lower().endswith(REFUSED), *_natural(key)))
        self._by_path: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)  # without suffixes: a photo may have been converted
        self.loosely: set[str] = set()  # ids that lead to photos only if written in another way (`by_ids`)
        for key in self.keys:
            path = _spelt(key)
            self._by_path.setdefault(path, key)
            self._by_name[path.rpartition("/")[2]].append(key)
            self._by_stem[_without_suffix(path.rpartition("/")[2])].append(key)

    def __enter__(self) -> Photos:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._zip:
            self._zip.close()

    def __len__(self) -> int:
        """The number of photos."""
        return len(self.keys)

    def by_path(self, cell: str) -> str | None:
        """Find the photo that a cell names: by its path in the folder, or by the last part of a path or URL, if unique.

        The suffix may be missing or differ, as photos get converted.
        """
        bare = cell.strip().split("?")[0] if "://" in cell else cell.strip()
        path = _spelt(bare.replace("\\", "/").removeprefix("./"))
        for whole in (path, *(path + suffix for suffix in SUFFIXES)):
            if whole in self._by_path:
                return self._by_path[whole]
            same = self._by_name.get(whole.rpartition("/")[2], [])
            if len(same) == 1:
                return same[0]
        same = self._by_stem.get(_without_suffix(path.rpartition("/")[2]), [])
        beside = [key for key in same if _without_suffix(_spelt(key)) == _without_suffix(path)]
        return beside[0] if beside else same[0] if len(same) == 1 else None

    def by_ids(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """Find photos by item: files named by the id, then those whose name starts with it, then those in its folder.

        Characters that no file name can hold may be written differently (AB/12 as AB_12). If nothing else leads to an
        item's photo, the case may differ, and then whatever a spreadsheet does to numbers (`spelling`). Such matches
        are counted in `loosely`.
        """
        known = sorted(ids)
        exact = {identifier: identifier for identifier in known}
        for spelt, identifier in _only(known, file_names_of).items():
            exact.setdefault(spelt, identifier)
        folded = {_spelt(spelt): identifier for spelt, identifier in exact.items()}
        by_owner: dict[str, list[tuple[int, str]]] = defaultdict(list)
        rest: list[str] = []
        for key in self.keys:
            owner, rank = _owner(PurePosixPath(unicodedata.normalize("NFC", key)), exact)
            if owner is None:  # only then may the case differ
                owner, rank = _owner(PurePosixPath(_spelt(key)), folded)
            if owner is not None:
                by_owner[owner].append((rank, key))
            else:
                rest.append(key)
        loose = _only([one for one in known if one not in by_owner and len(one) >= LONG], lambda one: {bare(one)})
        for key in rest if loose else ():
            path = PurePosixPath(_spelt(key))
            owner, rank = _owner(path.with_name(path.name.lstrip("0") or path.name), loose)
            if owner is not None:
                by_owner[owner].append((rank, key))
                self.loosely.add(owner)
        return {owner: [key for _, key in sorted(keys, key=lambda each: each[0])] for owner, keys in by_owner.items()}

    def read(self, key: str) -> Image.Image:
        """Read a photo as `vision.images.read_photo` does.

        Raises:
            InputError: The photo cannot be read. The message names it and the reason.
        """
        if self._zip is None:
            return images.read_photo(self.source / key)
        try:
            with self._zip.open(key) as handle:
                content = handle.read(MAX_BYTES + 1)  # whatever size its entry claims
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
            raise InputError(one_line(f"{key}: cannot be read from {self.source.name} ({error})")) from error
        except Exception as error:  # zlib, bz2 and lzma have kinds of their own
            raise InputError(one_line(f"{key}: damaged in {self.source.name} ({error})")) from error
        return images.decode_photo(content, key)

    def _listed(self) -> Iterator[str]:
        if self.source.is_dir():
            yield from _walk(self.source)
        elif zipfile.is_zipfile(self.source):
            try:
                self._zip = zipfile.ZipFile(self.source)
            except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
                raise DataError(f"{self.source}: not a readable zip ({error})") from error
            yield from (entry.filename for entry in self._zip.infolist() if _is_photo(entry.filename))
        else:
            what = "neither a folder nor a zip" if self.source.exists() else "no such folder or zip"
            raise DataError(f"{self.source}: {what}; `images` must be the folder or zip that holds the photos")


def loose_note(photos: Photos) -> list[str]:
    """A note on ids that lead to photos only if they are spelled differently; nothing if there are none."""
    if not photos.loosely:
        return []
    some = ", ".join(sorted(photos.loosely)[:3])
    return [
        f"{len(photos.loosely):,} items found their photos only by other spellings of their ids, such as "
        f"{some}: spreadsheets drop leading zeros and add .0; export the ids as text"
    ]


def photos_in_cell(cell: str | None) -> list[str]:
    """The photos that one cell names, separated by |, ; or a line break, or by a comma after a picture's name."""
    return [part.strip() for part in BETWEEN.split(cell or "") if part.strip()]


def _walk(root: Path) -> Iterator[str]:
    """Photos below a folder, as relative paths. Links that lead out of it are skipped."""
    home, count = root.resolve(), 0
    for folder, names, files in os.walk(root):
        names.sort()
        for file in files:
            path = Path(folder) / file
            if _is_photo(file) and (not path.is_symlink() or home in path.resolve().parents):
                count += 1
                if count > MAX_FILES:
                    raise DataError(f"{root}: more than {MAX_FILES:,} photos; is this the right folder?")
                yield path.relative_to(root).as_posix()


def _is_photo(name: str) -> bool:
    """Whether a file is a photo, by its suffix; system files such as `__MACOSX/._x.jpg` are not."""
    parts = name.split("/")
    return name.lower().endswith(SUFFIXES) and "__MACOSX" not in parts and not parts[-1].startswith(".")


def _spelt(name: str) -> str:
    """One spelling for names that people take for the same: Unicode NFC, without case."""
    return unicodedata.normalize("NFC", name).casefold()


def _without_suffix(name: str) -> str:
    """A name without a picture's suffixes: "a.JPG.jpeg" is "a"."""
    while name.casefold().endswith(SUFFIXES):
        name = name.rpartition(".")[0]
    return name


def _only(ids: Iterable[str], spellings: Callable[[str], Iterable[str]]) -> dict[str, str]:
    """Ids by spelling, for spellings that only one id has."""
    owners: dict[str, set[str]] = defaultdict(set)
    for identifier in ids:
        for spelt in spellings(identifier):
            owners[spelt].add(identifier)
    return {spelt: next(iter(one)) for spelt, one in owners.items() if len(one) == 1}


def _natural(key: str) -> list[tuple[int, str]]:
    """Sort key in natural order: photo 2 before photo 10."""
    return [
        (int(part), "") if part.isdecimal() and len(part) < 18 else (1 << 62, part) for part in re.split(r"(\d+)", key)
    ]


def _owner(path: PurePosixPath, known: dict[str, str]) -> tuple[str | None, int]:
    """The id that a file belongs to, and how: 0 by its name, 1 by the start of its name, 2 by its folder."""
    stem, folder = _without_suffix(path.name), path.parent.name
    counted = stem.isdecimal() and len(stem) <= 2  # in a folder called by an id, 1.jpg is its first photo
    if folder and (whole := f"{folder}/{stem}") in known:  # an id with a stroke, as a folder and a file
        return known[whole], 0
    if stem in known and not (counted and folder in known):
        return known[stem], 0
    for match in reversed(list(AFTER_ID.finditer(stem))):  # the longest id wins: A-1 before A
        if (start := stem[: match.start()]) in known:
            return known[start], 1
    return known.get(folder), 2
