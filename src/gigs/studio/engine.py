"""What the studio computes: a quick sketch, and the real redesigns. Models are read once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from gigs.audience import Audience, require_minimum
from gigs.batch import Request, run
from gigs.errors import InputError
from gigs.inversion.gate import RefusedError
from gigs.method.pipeline import Models, suggest
from gigs.method.presets import Preset, get_preset, with_change
from gigs.packs.panel import load_panel, types_of
from gigs.progress import OnStep, silent
from gigs.session import Loaded
from gigs.studio import texts
from gigs.studio.problems import PlainError
from gigs.vision.compute import Compute, pick_device, probed
from gigs.vision.images import Fit, decode_photo, fit_square, to_tensor


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a visitor asks for.

    `change`: in [0,1], as for `method.presets.with_change`; `anyway`: whatever the gate says; `kind`: type of the
    product, None to let the classifier see.
    """

    photo: Path
    audience: str
    change: float = 0.5
    count: int = 6
    careful: bool = False
    anyway: bool = False
    kind: str | None = None


@dataclass(frozen=True)
class Sketch:
    """The photo as it was understood, and first drawings `[N,3,R,R]` in `[0,1]`, unchecked."""

    photo: Image.Image
    fit: Fit
    images: Tensor


class Engine:
    """One pack, with its networks in memory.

    Args:
        pack: As for `load_pack`.
        device: As for `gigs suggest`.
        steps: Of every loop, in place of the presets' own.
        sketched: Drawings in a sketch.
    """

    def __init__(
        self, pack: str = "hm-64", *, device: str = "cpu", steps: int | None = None, sketched: int = 4
    ) -> None:
        self.loaded = Loaded()
        self.pack = self.loaded.pack(pack)
        self._name, self._device, self._steps, self._sketched = pack, pick_device(device), steps, sketched

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
                self.sketch(Wish(photo=examples[0], audience=name, anyway=True), silent)

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

    def sketch(self, wish: Wish, on_step: OnStep) -> Sketch:
        """A draft in a second or two: no judge has looked at it, and nothing is written.

        Raises:
            PlainError: The photo cannot be used.
            RefusedError: The gate refuses it.
        """
        photo, fit = self.look(wish.photo)
        square, _ = fit_square(photo, self.pack.generator.resolution)
        preset = get_preset("preview", n=self._sketched, steps=self._steps)
        if self.pack.encoder is None:  # a sketch starts from its answer
            preset = get_preset("fast", n=self._sketched, steps=self._steps)
        preset = replace(with_change(preset, wish.change), check=False)
        audience = self._audience(wish.audience)
        compute = self._compute(preset)
        models = Models(self.pack.generator, self.pack.recommender, self.loaded.perceptual, self.pack.encoder)
        panel = load_panel(self.pack, audience.name)
        if panel is not None and wish.kind is not None:
            panel = panel.of_type(wish.kind)
        found = suggest(
            models.placed(compute), to_tensor(square), audience, preset, compute=compute, gate=self.pack.gate,
            panel=panel and panel.to(compute.device), force=wish.anyway, on_step=on_step,
        )  # fmt: skip
        return Sketch(photo, fit, found.shifted.images)

    def redesign(self, wish: Wish, out: Path, on_step: OnStep) -> dict[str, Any]:
        """The real run, checked and with a report in `out`; returns what `result.json` says.

        Raises:
            RefusedError: The gate refuses it.
        """
        name = "faithful" if wish.careful else "fast"
        preset = with_change(get_preset(name, n=wish.count, steps=self._steps), wish.change)
        request = Request(
            preset=preset, out=out, photos=(wish.photo,), audience=wish.audience, pack=self._name, device=self._device,
            force=wish.anyway, kind=wish.kind,
        )  # fmt: skip
        results, refused = run(request, on_step, self.loaded)
        if refused:
            raise RefusedError(refused[0].partition(": ")[2])
        return results[0][1]

    def _audience(self, name: str) -> Audience:
        audience = self.pack.audience(name)
        require_minimum(audience)
        return audience

    def _compute(self, preset: Preset) -> Compute:
        return probed(self._device) if preset.probe else Compute(device=self._device)
