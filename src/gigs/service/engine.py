"""What a server computes: a quick draft, the real redesigns, other colours. Models are read once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from gigs.batch import Request, run
from gigs.errors import InputError
from gigs.inversion.gate import RefusedError
from gigs.languages import SOURCE
from gigs.method.choice import NothingToShowError
from gigs.method.options import Options, preset_of
from gigs.method.presets import Preset
from gigs.packs.names import DEFAULT
from gigs.packs.panel import types_of
from gigs.progress import OnStep, Step, silent
from gigs.result import Result
from gigs.result.colourways import Colourways
from gigs.result.compose import shown_of
from gigs.service import texts
from gigs.service.problems import PlainError
from gigs.session import Session
from gigs.transfer.mask import read_mask, read_region
from gigs.vision.images import Fit, decode_photo, fit_square

DRAFT_SIDE = 480  # pixels: a draft is shown small
SEEN = Step("finding the product", 0, 1)  # photo and masks are decoded


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a visitor asks for.

    `change`: in [0,1], as for `method.presets.with_change`; `anyway`: whatever the gate says; `kind`: type of the
    product, None to let the classifier see; `keep`: what of it must not change; `mask`: file that is white where the
    product is, None to find it; `region`: file that is white where nothing may change. `language`: of the pages.
    """

    photo: Path
    audience: str
    change: float = 0.5
    count: int = 6
    preset: str = "fast"
    seed: int = 0
    anyway: bool = False
    kind: str | None = None
    keep: tuple[str, ...] = ()
    mask: Path | None = None
    region: Path | None = None
    language: str = SOURCE

    @property
    def careful(self) -> bool:
        """Whether the generator is tuned to the photo."""
        return self.preset == "faithful"


@dataclass(frozen=True)
class Draft:
    """The photo as it was understood, and first redesigns, unchecked.

    `asks`: two types of product, where the computer cannot tell which of them the photo shows. `caution`: sentences
    where it does not show one whole product, or the product was not surely found.
    """

    photo: Image.Image
    pictures: tuple[Image.Image, ...]
    asks: tuple[str, ...] = ()
    caution: tuple[str, ...] = ()


class Engine:
    """One pack, with its networks in memory.

    Args:
        pack: As for `load_pack`.
        device: As for `gigs suggest`.
        steps: Of every loop, in place of the presets' own.
        drafted: Drawings in a draft.
        recalibration: As for `Session`.
    """

    def __init__(
        self,
        pack: str = DEFAULT,
        *,
        device: str = "cpu",
        steps: int | None = None,
        drafted: int = 4,
        recalibration: Path | None = None,
    ) -> None:
        self.session = Session(pack, device=device, recalibration=recalibration)
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
        photo = looked_at(path)
        return photo, fit_square(photo, self.pack.generator.resolution)[1]

    def draft(self, wish: Wish, on_step: OnStep) -> Draft:
        """A draft: no judge has looked at it, and nothing is written.

        Raises:
            PlainError: The photo or a mask cannot be used.
            RefusedError: The gate refuses it.
            NothingToShowError: Nothing in it could be seen to change.
        """
        photo = self._looked_at(wish, on_step)
        preset = self._preset(self._within_reach("preview"), self._drafted, wish)
        options = self._options(replace(preset, check=False), wish, on_step)
        audience = self.session.audience(wish.audience)
        panel = self.session.panel(audience, options)
        small = photo.copy()
        small.thumbnail((DRAFT_SIDE, DRAFT_SIDE))
        mask, region = (None if one is None else _reduced(one, small.size) for one in marked(wish, photo))
        options = replace(options, mask=mask, keep_region=region)
        product = self.session.product(small, options)
        asks = () if panel is None or product.photo is None else panel.question(product.photo)
        found, _ = self.session.run(product, audience, options, panel)
        shown = tuple(shown_of(found, fit_square(photo, self.pack.generator.resolution)[1]))
        cutout = product.cutout
        caution = () if cutout is None else tuple(said for said in (cutout.framing, cutout.doubt) if said)
        return Draft(photo, shown, asks, caution)

    def redesign(self, wish: Wish, out: Path, on_step: OnStep) -> Result:
        """The real run, checked and with a report in `out`.

        Raises:
            PlainError: A mask cannot be used.
            RefusedError: The gate refuses it.
            NothingToShowError: Nothing in it could be seen to change.
        """
        marked(wish, self._looked_at(wish, on_step))
        on_step(SEEN)
        options = self._options(self._preset(self._within_reach(wish.preset), wish.count, wish), wish, on_step)
        request = Request(
            options=options, out=out, photos=(wish.photo,), audience=wish.audience, pack=self.pack.name,
            language=wish.language,
        )  # fmt: skip
        done = run(request, on_step, self.session)
        if done.refused:
            refusal = done.refused[0]
            raise RefusedError(refusal.reason) if refusal.by_gate else NothingToShowError(refusal.reason)
        return done.results[0][1]

    def colours(self, wish: Wish, named: str, out: Path, on_step: OnStep) -> Colourways:
        """The product in colours that the audience likes better and in those named, with a page in `out`.

        Raises:
            PlainError: A mask or a colour cannot be used, or nothing was found.
        """
        mask, region = marked(wish, self._looked_at(wish, on_step))
        on_step(SEEN)
        try:
            found = self.session.colours(
                wish.photo, wish.audience, n=wish.count, colours=named or None, seed=wish.seed, mask=mask,
                keep_region=region, on_step=on_step,
            )  # fmt: skip
        except InputError as error:
            raise PlainError(str(error).replace(wish.photo.name, texts.YOUR_PHOTO)) from error
        found.save(out, language=wish.language)
        return found

    def _looked_at(self, wish: Wish, on_step: OnStep) -> Image.Image:
        """The photo; who stopped while it was decoded, or has had their time, waits for nothing more."""
        photo = self.look(wish.photo)[0]
        on_step(SEEN)
        return photo

    def _preset(self, name: str, count: int, wish: Wish) -> Preset:
        return preset_of(name, n=count, steps=self._steps, change=wish.change)

    def _within_reach(self, name: str) -> str:
        """A preset of that name, or `fast`: a draft starts from the encoder's answer, and not every pack has one."""
        return "fast" if name == "preview" and self.pack.encoder is None else name

    def _options(self, preset: Preset, wish: Wish, on_step: OnStep) -> Options:
        return Options(
            preset=preset,
            product_type=wish.kind,
            force=wish.anyway,
            seed=wish.seed,
            keep=wish.keep,
            mask=wish.mask,
            keep_region=wish.region,
            on_step=on_step,
        )


def looked_at(path: Path) -> Image.Image:
    """A photo, upright; what is wrong is said of "your photo", not of a file.

    Raises:
        PlainError: It cannot be used.
    """
    try:
        return decode_photo(path.read_bytes(), texts.YOUR_PHOTO)
    except InputError as error:
        raise PlainError(str(error)) from error


def marked(wish: Wish, photo: Image.Image) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Where the product is, and what must not change, each bool `[H,W]` of the photo; None where it is not said.

    Raises:
        PlainError: A mask cannot be used; it is called "your picture", not by a file's name.
    """
    try:
        product = None if wish.mask is None else read_mask(wish.mask, photo).mask(*photo.size)
    except InputError as error:
        raise _of_visitors(error, wish.mask, texts.YOUR_MASK) from error
    try:
        region = None if wish.region is None else read_region(wish.region, photo)
    except InputError as error:
        raise _of_visitors(error, wish.region, texts.YOUR_REGION) from error
    return product, region


def _of_visitors(error: InputError, path: Path | None, words: str) -> PlainError:
    """The same error, of a file as the visitor knows it."""
    return PlainError(str(error).replace("" if path is None else path.name, words))


def _reduced(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask at the size of a smaller photo."""
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
