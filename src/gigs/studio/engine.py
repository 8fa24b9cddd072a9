"""What the studio computes: a quick draft, and the real redesigns. Models are read once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from gigs.batch import Request, run
from gigs.errors import InputError
from gigs.inversion.gate import RefusedError
from gigs.method.options import Options, preset_of
from gigs.method.presets import Preset
from gigs.packs.panel import types_of
from gigs.progress import OnStep, silent
from gigs.result import Result
from gigs.result.compose import shown_of
from gigs.session import Session
from gigs.studio import texts
from gigs.studio.problems import PlainError
from gigs.vision.images import Fit, decode_photo, fit_square

DRAFT_SIDE = 480  # pixels: a draft is shown small


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a visitor asks for.

    `change`: in [0,1], as for `method.presets.with_change`; `anyway`: whatever the gate says; `kind`: type of the
    product, None to let the classifier see; `keep`: what of it must not change.
    """

    photo: Path
    audience: str
    change: float = 0.5
    count: int = 6
    careful: bool = False
    anyway: bool = False
    kind: str | None = None
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """The photo as it was understood, and first redesigns, unchecked."""

    photo: Image.Image
    pictures: tuple[Image.Image, ...]


class Engine:
    """One pack, with its networks in memory.

    Args:
        pack: As for `load_pack`.
        device: As for `gigs suggest`.
        steps: Of every loop, in place of the presets' own.
        drafted: Drawings in a draft.
    """

    def __init__(self, pack: str = "hm-64", *, device: str = "cpu", steps: int | None = None, drafted: int = 4) -> None:
        self.session = Session(pack, device=device)
        self.pack = self.session.pack
        self._steps, self._drafted = steps, drafted

    @property
    def audiences(self) -> list[tuple[str, str]]:
        """Each audience in words, and its name."""
        return [(about["label"], name) for name, about in self.pack.audiences.items()]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Types of products that a visitor may say the product is of."""
        return types_of(self.pack)

    def label(self, audience: object) -> str:
        """An audience in words.

        Raises:
            PlainError: There is none of that name.
        """
        if not isinstance(audience, str) or audience not in self.pack.audiences:
            raise PlainError(texts.NO_AUDIENCE)
        return str(self.pack.audiences[audience]["label"])

    def warm(self) -> None:
        """Read every network, and compute once: the first visitor waits no longer than the second."""
        if examples := self.pack.examples():
            for _, name in self.audiences[:1]:
                self.draft(Wish(photo=examples[0], audience=name, anyway=True), silent)

    def look(self, path: Path) -> tuple[Image.Image, Fit]:
        """A photo, upright, and how it sits in the square; what is wrong is said of "your photo", not of a file.

        Raises:
            PlainError: It cannot be used.
        """
        try:
            photo = decode_photo(path.read_bytes(), texts.YOUR_PHOTO)
        except InputError as error:
            raise PlainError(str(error)) from error
        return photo, fit_square(photo, self.pack.generator.resolution)[1]

    def draft(self, wish: Wish, on_step: OnStep) -> Draft:
        """A draft: no judge has looked at it, and nothing is written.

        Raises:
            PlainError: The photo cannot be used.
            RefusedError: The gate refuses it.
        """
        photo, _ = self.look(wish.photo)
        # a draft starts from the encoder's answer, where there is an encoder
        preset = self._preset("fast" if self.pack.encoder is None else "preview", self._drafted, wish)
        options = self._options(replace(preset, check=False), wish, on_step)
        audience = self.session.audience(wish.audience)
        panel = self.session.panel(audience, options)
        small = photo.copy()
        small.thumbnail((DRAFT_SIDE, DRAFT_SIDE))
        found, _ = self.session.run(self.session.product(small, options), audience, options, panel)
        return Draft(photo, tuple(shown_of(found, fit_square(photo, self.pack.generator.resolution)[1])))

    def redesign(self, wish: Wish, out: Path, on_step: OnStep) -> Result:
        """The real run, checked and with a report in `out`.

        Raises:
            RefusedError: The gate refuses it.
        """
        options = self._options(self._preset("faithful" if wish.careful else "fast", wish.count, wish), wish, on_step)
        request = Request(options=options, out=out, photos=(wish.photo,), audience=wish.audience, pack=self.pack.name)
        done = run(request, on_step, self.session)
        if done.refused:
            raise RefusedError(done.refused[0].reason)
        return done.results[0][1]

    def _preset(self, name: str, count: int, wish: Wish) -> Preset:
        return preset_of(name, n=count, steps=self._steps, change=wish.change)

    def _options(self, preset: Preset, wish: Wish, on_step: OnStep) -> Options:
        return Options(preset=preset, product_type=wish.kind, force=wish.anyway, keep=wish.keep, on_step=on_step)
