"""A session: one pack, or your own models, read once for many photos and audiences.

Models are combined only here: the Python API, the command line, the studio, studies, experiments and benchmarks all use
a session.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from gigs.audience import EVERYONE, MINIMUM_USERS, Audience
from gigs.errors import InputError
from gigs.generator.base import Generator, load_generator
from gigs.generator.use import AS_STORED, Use
from gigs.inversion.encoder import Encoder, load_encoder
from gigs.inversion.gate import Gate
from gigs.inversion.own_encoder import OwnEncoder, own_encoder
from gigs.io import storage
from gigs.io.text import readable
from gigs.method.colours import Liking, Wish, find_colours, options_of
from gigs.method.cut_out import Photo, cut_out_of, keep_of, mask_for, require_photo
from gigs.method.models import Models
from gigs.method.options import Options
from gigs.method.out_of_memory import within_memory
from gigs.method.pipeline import Begun, Checks, Redesigns, begin, suggest
from gigs.method.presets import PHOTO, Preset
from gigs.method.product import Product
from gigs.packs import Pack, load_pack
from gigs.packs.audiences.resolve import resolve_audience
from gigs.packs.names import DEFAULT
from gigs.packs.panel import panel_for
from gigs.progress import OnStep, silent
from gigs.recommender import Recommender, load_recommender
from gigs.recommender.standing import doubt
from gigs.result import Result
from gigs.result.colourways import Colourways, compose_colours
from gigs.result.compose import Origin, compose
from gigs.verify.panel import Panel
from gigs.verify.recalibration import Recalibration
from gigs.vision.compute import Compute, pick_device, suited
from gigs.vision.images import as_photo, decode_photo, fit_square, to_tensor
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.opening import photo_bytes
from gigs.vision.runtime import Runtime

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from gigs.method.colours import ColourOptionNames
    from gigs.method.options import OptionNames


@dataclass(frozen=True, kw_only=True)
class OwnModels:
    """Files that replace a pack's networks; None keeps the pack's.

    Attributes:
        generator: Generator file, of any registered family.
        encoder: Encoder file for the generator.
        recommender: Recommender file with its users.
        use: Latent space, class and size with which the generator is used.
    """

    generator: Path | None = None
    encoder: Path | None = None
    recommender: Path | None = None
    use: Use = field(default_factory=Use)

    def __post_init__(self) -> None:
        for name in ("generator", "encoder", "recommender"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, Path(getattr(self, name)))

    @property
    def draw_as_packed(self) -> bool:
        """Whether pictures are drawn and seen as when the pack's statistics were computed."""
        return self.generator is None and self.use == AS_STORED

    @property
    def none(self) -> bool:
        """Whether all models are the pack's own. The gate's limits and the judges' agreement hold only for these."""
        return self.draw_as_packed and self.recommender is None and self.encoder is None


class Session:
    """Models that are read once and used for many photos and audiences.

    ```python
    session = gigs.Session()
    for photo in photos:
        session.suggest(photo, audience="women").save(f"out/{photo.stem}")
    ```

    Args:
        pack: A bundled pack's name, a folder, or a Hugging Face Hub id.
        device: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto`.
        models: Files that replace the pack's networks.
        catalogue: Folder of a catalogue, for audiences that are defined by its users.
        recalibration: A recalibration, or a file of one from `gigs results`. It corrects the shares of buyers.

    Raises:
        InputError: The pack, the device or a file does not exist.
        ModelError: A file is damaged.
    """

    def __init__(
        self,
        pack: str | Path = DEFAULT,
        *,
        device: str = "cpu",
        models: OwnModels | None = None,
        catalogue: str | Path | None = None,
        recalibration: str | Path | Recalibration | None = None,
    ) -> None:
        self.device = pick_device(device)
        self.pack: Pack = load_pack(pack)
        self.own = models or OwnModels()
        self._catalogue = None if catalogue is None else Path(catalogue)
        self.recalibration = (
            Recalibration.read(Path(recalibration)) if isinstance(recalibration, str | PathLike) else recalibration
        )

    def suggest(
        self, photo: Photo | None, audience: str | Audience = EVERYONE, **options: Unpack[OptionNames]
    ) -> Result:
        """Redesign one product for an audience.

        Args:
            photo: Path, PIL image, or array `[H,W]`, `[H,W,3]` or `[H,W,4]` (uint8, or float in `[0,1]`); None draws a
                design at random instead.
            audience: One of `session.pack.audiences`, a `.audience` file, or an `Audience`. With a catalogue or your
                own recommender, also any definition that `gigs audience create --from` takes.
            options: See `gigs.method.options.OptionNames`.

        Raises:
            InputError: The photo, the audience or an option cannot be used.
            RefusedError: The generator cannot redraw the photo; `force=True` continues anyway.
        """
        asked = Options.of(**options)
        if not isinstance(audience, Audience):
            audience = self.audience(audience, on_step=asked.on_step)
        return self.redesign(self.product(photo, asked), audience, asked, self.panel(audience, asked))

    def colours(
        self,
        photo: Photo,
        audience: str | Audience = EVERYONE,
        *,
        n: int = 8,
        colours: str | None = None,
        **options: Unpack[ColourOptionNames],
    ) -> Colourways:
        """Show one product in colours that an audience likes better than today's, and in colours that you name.

        Args:
            photo: As for `suggest`.
            audience: As for `suggest`.
            n: Largest number of new colours. There may be fewer, as only better liked ones are shown.
            colours: Names or hex values, separated by commas, such as `navy, #7a1f2b`. They are shown in any case.
            options: See `gigs.method.colours.ColourOptionNames`.

        Raises:
            InputError: The photo, the audience, a colour or an option cannot be used; the product could not be cut
                out; or nothing is liked better and no colour was named.
        """
        began, asked, wish = time.perf_counter(), options_of(**options), Wish.of(n, colours)
        if not isinstance(audience, Audience):
            audience = self.audience(audience, on_step=asked.on_step)
        product = self.product(photo, asked)
        runtime = Runtime(compute=Compute(device=self.device), seed=asked.seed, on_step=asked.on_step)
        liking = Liking(self.recommender.to(self.device), audience, self.panel(audience, asked))
        found = find_colours(product, liking, wish, runtime)
        total = {"total": time.perf_counter() - began}
        made = compose_colours(
            replace(found, seconds=found.seconds | total), product, audience, self.pack.name, runtime
        )
        return replace(made, doubt=self.doubt, recalibration=self.recalibration if asked.verify else None)

    def audience(self, spec: str, *, minimum: int = MINIMUM_USERS, on_step: OnStep = silent) -> Audience:
        """Find or make an audience from its name, file or definition; see `suggest`.

        Args:
            spec: Name, file or condition.
            minimum: Smallest number of users. The result could reveal the taste of a smaller group.
            on_step: Progress.

        Raises:
            InputError: There is no such audience, or it has too few users.
        """
        own = self.recommender if self.own.recommender else None
        found = resolve_audience(
            spec, self.pack, recommender=own, catalogue=self._catalogue, minimum=minimum, on_step=on_step
        )
        if found.sample is not None:
            warnings.warn(
                f"this recommender's score is not linear in a user's taste, so {found.scored_users} of "
                f"{found.users} users are scored one by one at every step; this takes much longer than one mean "
                "taste",
                stacklevel=2,
            )
        return found

    def panel(self, audience: Audience, options: Options | None = None) -> Panel | None:
        """The judges for an audience; None with models other than the pack's, or if nothing is to be checked.

        Raises:
            InputError: The pack does not know the named product type, or there is no judge to tell types or to
                recalibrate.
        """
        options = options or Options()
        found = panel_for(self.pack, audience) if self.own.none and options.verify else None
        if options.product_type is not None:
            if found is None:
                raise InputError("`product_type` needs the pack's own models")
            found = found.of_type(options.product_type)
        if self.recalibration is not None and options.verify:
            if found is None:
                raise InputError(
                    "a recalibration needs the pack's own models, because it corrects their judges' shares"
                )
            found = found.put_right_by(self.recalibration)
        return None if found is None else found.to(self.device)

    @property
    def gate(self) -> Gate | None:
        """The pack's gate, if the pack's own models are used."""
        return self.pack.gate if self.own.none else None

    def product(self, photo: Photo | None, options: Options | None = None) -> Product:
        """Prepare a photo for the generator (upright, sRGB, padded to a square), and cut out the product.

        Args:
            photo: As for `suggest`.
            options: They say whether redesigns are shown on the photo, where the product is, and what must not change.

        Raises:
            InputError: The photo or a mask cannot be used.
        """
        options = options or Options()
        if photo is None:
            require_photo(options, "there is no photo")
            return Product()
        if isinstance(photo, str | PathLike):
            content = photo_bytes(Path(photo))
            given: bytes | Image.Image | np.ndarray = content
            picture, source = decode_photo(content, str(photo)), readable(Path(photo).name)
        else:
            given, picture, source = photo, as_photo(photo), None
        square, fit = fit_square(picture, self.generator.resolution)
        found = Product(source, fit, to_tensor(square))
        if options.preset.render != PHOTO:
            require_photo(options, "redesigns are shown as the generator drew them")
            return found
        cutout = cut_out_of(given, picture, mask_for(options.mask, photo))
        if cutout is None:
            require_photo(options, "the product cannot be cut out of the photo")
            return found
        return replace(
            found,
            pixels=np.asarray(picture),
            cutout=cutout,
            keep=keep_of(options, mask_for(options.keep_region, photo), picture, cutout),
        )

    def begin(self, product: Product, options: Options) -> Begun:
        """Compute what `redesign` needs of a product for any audience. Do it once for several audiences.

        Raises:
            InputError: There is too little memory.
            RefusedError: The gate refuses the photo.
        """
        runtime, checks = self._runtime(options), Checks(gate=self.gate, force=options.force)

        def once(models: Models, runtime: Runtime) -> Begun:
            return begin(models, product, options.preset, checks=checks, runtime=runtime)

        return within_memory(once, self.models(runtime.compute), runtime)

    def redesign(
        self,
        product: Product,
        audience: Audience,
        options: Options,
        panel: Panel | None,
        begun: Begun | None = None,
    ) -> Result:
        """Make the result for one product: `suggest` with prepared arguments.

        Args:
            product: The product, with its photo.
            audience: The audience.
            options: As for `suggest`.
            panel: The judges.
            begun: The result of `begin` for this product and these options. By default, it is computed now.

        Raises:
            InputError: The audience's vector does not belong to this recommender, or there is too little memory.
            RefusedError: The gate refuses the photo.
        """
        found, runtime = self.run(product, audience, options, panel, begun)
        origin = Origin(
            pack=self.pack.name, models=self.files, has_percentiles=self.own.draw_as_packed, doubt=self.doubt
        )
        return compose(found, product, audience, options.preset, origin, runtime)

    def run(
        self,
        product: Product,
        audience: Audience,
        options: Options,
        panel: Panel | None,
        begun: Begun | None = None,
    ) -> tuple[Redesigns, Runtime]:
        """The method's result as tensors, and how it was computed. Arguments and errors are those of `redesign`."""
        runtime = self._runtime(options)
        asked = runtime.compute
        checks = Checks(gate=self.gate, panel=panel, force=options.force)

        def once(models: Models, runtime: Runtime) -> tuple[Redesigns, Runtime]:
            own = begun if runtime.compute == asked else None  # where memory runs out, the CPU begins anew
            found = suggest(models, product, audience, options.preset, checks=checks, runtime=runtime, begun=own)
            return found, runtime

        return within_memory(once, self.models(runtime.compute), runtime, [] if panel is None else [panel])

    def _runtime(self, options: Options) -> Runtime:
        return Runtime(compute=self.compute(options.preset), seed=options.seed, on_step=options.on_step)

    def compute(self, preset: Preset) -> Compute:
        """Precision and memory layout: the fastest for this machine that the preset allows."""
        return suited(self.device) if preset.probe else Compute(device=self.device)

    def models(self, compute: Compute) -> Models:
        """The networks, placed on the device with the given precision and layout."""
        return Models(self.generator, self.recommender, self.perceptual, self.encoder).placed(compute)

    @cached_property
    def generator(self) -> Generator:
        """The generator with its latent space, class and size."""
        return self.own.use(load_generator(self.own.generator) if self.own.generator else self.pack.generator)

    @cached_property
    def recommender(self) -> Recommender:
        """The target."""
        return load_recommender(self.own.recommender) if self.own.recommender else self.pack.recommender

    @property
    def doubt(self) -> str | None:
        """Why the target's scores promise nothing, and what to do; None if its test AUC is above chance."""
        return doubt(self.recommender.about)

    @cached_property
    def encoder(self) -> Encoder | OwnEncoder | None:
        """The given encoder, or the generator's own answer, or the pack's encoder for the pack's generator."""
        if self.own.encoder is not None:
            return load_encoder(self.own.encoder)
        if self.generator.inverts:
            return own_encoder(self.generator)
        return self.pack.encoder if self.own.generator is None else None

    @cached_property
    def perceptual(self) -> PerceptualLoss:
        """LPIPS on VGG16."""
        return PerceptualLoss("vgg")

    @cached_property
    def files(self) -> dict[str, dict[str, Any]]:
        """The model files by kind: `file` and `sha256`, and for the generator how it is used."""
        found: dict[str, dict[str, Any]] = {}
        for kind in ("generator", "recommender", "encoder"):
            given, name = getattr(self.own, kind), f"{kind}.safetensors"
            if given:
                found[kind] = {"file": readable(given.name), "sha256": storage.sha256_of(given)}
            elif name in self.pack.info["files"] and not (kind == "encoder" and self.own.generator):
                found[kind] = {"file": f"{self.pack.name}/{name}", "sha256": self.pack.info["files"][name]}
        found["generator"] |= self.own.use.described()
        return found
