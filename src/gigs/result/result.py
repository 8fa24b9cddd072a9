"""A result as one object: look at it, save it with its report, and read it again."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from gigs.io import storage, written
from gigs.languages import SOURCE
from gigs.languages import language as language_of
from gigs.method.choice import FRONT
from gigs.report.contact_sheet import contact_sheet
from gigs.report.page import render_compare, render_page
from gigs.report.texts import summary
from gigs.result.pictures import NAMED, SHEET, Pictures
from gigs.result.reading import FILE, read_record, with_pictures
from gigs.result.schema import Record

COMPARE = "compare.html"
BESIDE = ("change", "nearest")  # pictures of each redesign beside its own


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(Record):
    """Redesigns of one product for one audience, best first; `result[0]` is the first of them.

    In a notebook it shows its contact sheet.
    """

    def __repr__(self) -> str:
        """One line for a prompt. `to_json` has everything."""
        verdict = self.verdict
        return f"<Result: {len(self)} redesigns for {self.audience.label}, {verdict}, preset {self.preset}>"

    @classmethod
    def read(cls, folder: str | Path) -> Result:
        """Read a saved result. Pictures are read when they are needed.

        Raises:
            ModelError: The result is missing or damaged.
        """
        return read_record(folder, cls)

    def save(self, folder: str | Path, *, language: str = SOURCE) -> Path:
        """Write everything into a folder.

        `result.json` comes after all else it describes, so a folder with it is complete.

        An earlier result in the folder is replaced. `report.html` is for sellers; `docs/reference/result.md` describes
        the rest.

        A manifest with the hash of every file is written last. Files that gigs did not write are neither replaced nor
        removed.

        Args:
            folder: Folder to write into. It is made if it does not exist.
            language: Language of the pages and the contact sheet, such as `de`. `result.json` is always in English.

        Returns:
            The folder.

        Raises:
            DiskError: The disk is full.
            InputError: The language is not known, or a file would be replaced that gigs did not write or that was
                changed since.
        """
        say, folder = language_of(language), Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        known = self.pictures.held(folder)
        written.claim(folder, {*file_names(len(self)), *known})
        written.forget(folder)
        written.clear(folder, FILE, is_file_name)
        for name in known:
            written.put(folder, name, known.png(name))
        saved = with_pictures(self, Pictures(folder=folder))
        written.put(folder, "contact-sheet.png", contact_sheet(saved, say))
        written.put(folder, "report.html", render_page(saved, folder.name, say=say).encode())
        written.put(folder, COMPARE, render_compare(saved, say).encode())
        written.put(folder, FILE, storage.json_bytes(self.to_json()))
        written.seal(folder, file_names(len(self)))
        return folder

    def to_json(self) -> dict[str, Any]:
        """The content of `result.json`."""
        return dict(plain(self))

    def contact_sheet(self, *, language: str = SOURCE) -> Image.Image:
        """Photo, reconstruction and redesigns on one picture, with captions in a language."""
        return PngImageFile(io.BytesIO(contact_sheet(self, language_of(language))))

    def _repr_html_(self) -> str:
        content = base64.b64encode(contact_sheet(self)).decode("ascii")
        words = html.escape(summary(self))
        return f'<p>{words}</p><img alt="{words}" style="max-width:100%" src="data:image/png;base64,{content}">'


def file_names(n: int) -> list[str]:
    """Names of all files that a result of n redesigns may write, relative to its folder."""
    pictures = ["photo.png", "reconstruction.png", *(f"suggestion-{number}.png" for number in range(1, n + 1))]
    beside = [f"{kind}-{number}.png" for kind in BESIDE for number in range(1, n + 1)]
    front = [f"front-{number}.png" for number in range(1, FRONT + 1)]
    return [
        FILE,
        "report.html",
        COMPARE,
        "contact-sheet.png",
        *pictures,
        *(f"raw/{name}" for name in pictures),
        *beside,
        *front,
    ]


def is_file_name(name: str) -> bool:
    """Whether a result of any number of redesigns may write a file of that name."""
    return name in (FILE, "report.html", COMPARE, SHEET) or NAMED.fullmatch(name) is not None


def plain(value: Any) -> Any:
    """Convert dataclasses to dicts, without the pictures."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value) if one.name != "pictures"}
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value
