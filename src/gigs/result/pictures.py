"""The pictures of a result by file name: in memory for a new result, in its folder for a saved one."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from PIL import Image, PngImagePlugin

from gigs.io import folders
from gigs.report.pictures import reduced
from gigs.vision.opening import OwnPicture, own_picture, read_own_picture

SHEET = "contact-sheet.png"  # made of the pictures, and none of them
NAMED = re.compile(
    r"(raw/)?(photo|reconstruction|suggestion-[1-9]\d{0,5})\.png|(change|nearest|front)-[1-9]\d{0,5}\.png"
)
CONCEPT = "Design concept, not a listing photo. Drawn by gigs (GAN inversion and guided shifting)."
CONCEPT_ON_PHOTO = (
    "Design concept, not a listing photo. Made by gigs from a photo: its product was recoloured or reshaped."
)


Made = Image.Image | Callable[[], Image.Image]  # a large picture may be made when it is asked for


class Pictures(Mapping[str, Image.Image]):
    """Pictures by name, such as `suggestion-1.png`; RGB.

    Args:
        made: Pictures in memory.
        notes: Notes for the pictures' metadata, by name.
        folder: Folder of the pictures that are not in memory.
    """

    def __init__(
        self,
        made: Mapping[str, Made] | None = None,
        notes: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._made, self._notes, self._folder = dict(made or {}), dict(notes or {}), folder

    def __getitem__(self, name: str) -> Image.Image:
        if name in self._made:
            made = self._made[name]
            return made if isinstance(made, Image.Image) else made()
        return self._read(name).rgb()

    def __contains__(self, name: object) -> bool:
        return name in self._made or (
            self._folder is not None and isinstance(name, str) and folders.inside(self._folder, name).is_file()
        )

    def __iter__(self) -> Iterator[str]:
        yield from self._made
        if self._folder is not None:
            for name in folders.names(self._folder, ("*.png", "raw/*.png")):
                if name not in self._made and NAMED.fullmatch(name):  # not what else lies there
                    yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def held(self, folder: Path) -> Pictures:
        """The same pictures, read into memory if their folder is going to be cleared."""
        if self._folder is None or self._folder.resolve() != folder.resolve():
            return self
        files = {name: own_picture(self.png(name), name) for name in self}
        return Pictures(
            {name: one.rgb() for name, one in files.items()}, {name: one.note for name, one in files.items()}
        )

    def small(self, name: str, longest: int) -> bytes:
        """A picture as a PNG file with a limited side, with its note; the file itself if it is small enough.

        Raises:
            ModelError: The picture is missing, damaged or was not written by gigs.
        """
        return reduced(self.png(name), longest, name)

    def png(self, name: str) -> bytes:
        """A picture as a PNG file with its note. From a folder, the file is returned unchanged.

        Raises:
            ModelError: The picture is missing, damaged or was not written by gigs.
        """
        if name not in self._made:
            return self._read(name).content
        about, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
        if note := self._notes.get(name):
            about.add_itxt("Description", note)
        self[name].save(buffer, format="PNG", pnginfo=about, optimize=False)
        return buffer.getvalue()

    def _read(self, name: str) -> OwnPicture:
        """A picture from the folder.

        Raises:
            KeyError: There is no folder.
            ModelError: The picture is missing, damaged or was not written by gigs.
        """
        if self._folder is None:
            raise KeyError(name)
        return read_own_picture(folders.inside(self._folder, name))
