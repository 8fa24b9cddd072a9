"""What `gigs suggest` does around the pipeline: read, resolve, run, write. The only I/O of a suggestion."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from gigs.audience import MINIMUM_USERS, Audience
from gigs.errors import InputError
from gigs.generator.base import load_generator
from gigs.generator.use import Use
from gigs.inversion.encoder import Encoder, load_encoder
from gigs.inversion.gate import RefusedError
from gigs.io import folders, storage
from gigs.io.fingerprint import fingerprint
from gigs.method.out_of_memory import within_memory
from gigs.method.pipeline import Models, suggest
from gigs.method.presets import Preset
from gigs.packs import Pack
from gigs.packs.audiences.resolve import whom
from gigs.progress import OnStep, silent
from gigs.recommender import load_recommender
from gigs.report.rebuild import OVERVIEW, write_overview
from gigs.report.record import Origin
from gigs.report.writing import write_result, written_names
from gigs.result import finished, seal
from gigs.session import Loaded
from gigs.verify.objective import MEAN, check_objective
from gigs.vision.compute import Compute, pick_device, probed
from gigs.vision.images import Fit, fit_square, read_photo, to_tensor

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # as a path, two slashes are one; a drive has one letter


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of `gigs suggest`; see its options."""

    preset: Preset
    out: Path
    photos: tuple[Path, ...] = ()
    example: int | None = None
    sample: bool = False
    audience: str = "everyone"
    seed: int = 0
    pack: str = "hm-64"
    generator: Path | None = None
    recommender: Path | None = None
    catalogue: Path | None = None
    encoder: Path | None = None
    device: str = "cpu"
    force: bool = False
    verify: bool = True
    use: Use = field(default_factory=Use)
    resume: bool = False
    min_audience: int = MINIMUM_USERS
    objective: str = MEAN
    kind: str | None = None

    def __post_init__(self) -> None:
        check_objective(self.objective)
        for path in self.photos:
            if ADDRESS.match(str(path)):
                raise InputError(f"{path}: a web address, and gigs opens none; save the photo and give its file")
        ways = bool(self.photos) + (self.example is not None) + self.sample
        if ways != 1:
            given = "nothing" if ways == 0 else "more than one of them"
            raise InputError(f"give photos, --example NUMBER or --sample; {given} was given")


@dataclass(frozen=True)
class _Input:
    """One product: where its picture came from, how it was fitted, and the picture `[1,3,R,R]` itself."""

    source: str | None
    fit: Fit | None
    photo: Tensor | None
    folder: Path


def run(
    request: Request, on_step: OnStep = silent, loaded: Loaded | None = None
) -> tuple[list[tuple[Path, dict[str, Any]]], list[str]]:
    """Run a request, with models that earlier ones `loaded`; every input is checked before anything is written.

    Returns:
        The folder and `result.json`'s content of each product, and a line for each photo that the gate refused. With
        `resume`, products that the folder holds already, whole and from the same request, are not made again.

    Raises:
        InputError: Something given cannot be used, or another process writes into the folder.
    """
    with folders.owned(request.out):
        return _run(request, on_step, loaded or Loaded())


def _run(request: Request, on_step: OnStep, loaded: Loaded) -> tuple[list[tuple[Path, dict[str, Any]]], list[str]]:
    device = pick_device(request.device)
    pack = loaded.pack(request.pack)
    generator = request.use(load_generator(request.generator) if request.generator else pack.generator)
    inputs = list(_inputs(request, pack, generator.resolution))
    _check_out(request, inputs)
    asked = whom(
        request.audience, pack, recommender=request.recommender, catalogue=request.catalogue,
        minimum=request.min_audience, on_step=on_step,
    )  # fmt: skip
    audience, label = asked.audience, asked.label
    if audience.sample is not None:
        warnings.warn(
            f"this recommender's score is not linear in a user's taste: {audience.scored_users} of {audience.users} "
            "users are scored one by one at every step, which costs that much more than one mean taste would",
            stacklevel=2,
        )
    recommender = load_recommender(request.recommender) if request.recommender else pack.recommender
    compute = probed(device) if request.preset.probe else Compute(device=device)
    models = Models(generator, recommender, loaded.perceptual, _encoder(request, pack)).placed(compute)
    gate = pack.gate if _is_packs_own(request) else None
    panel = asked.panel() if _is_packs_own(request) and request.verify else None
    if request.kind is not None:
        if panel is None:
            raise InputError("--type says among which of the pack's real items to look: it needs the pack's own models")
        panel = panel.of_type(request.kind)
    if panel is not None:
        panel.to(device)
    used = _models_used(request, pack)
    results: list[tuple[Path, dict[str, Any]]] = []
    refused: list[str] = []
    for item in inputs:
        mark = _mark(request, item, audience, [label, used, pack.info, compute.describe()])
        if request.resume and (record := finished(item.folder, mark)) is not None:
            results.append((item.folder, record))
            continue
        try:
            found = within_memory(
                suggest, models, item.photo, audience, request.preset, seed=request.seed, compute=compute, gate=gate,
                panel=panel, force=request.force, objective=request.objective, on_step=on_step,
            )  # fmt: skip
        except RefusedError as error:
            refused.append(f"{item.source}: {error}")
            continue
        origin = Origin(
            item.source,
            item.fit,
            pack.name,
            used,
            label,
            # another generator's resolution is another scale of scores: the pack's statistics then do not hold
            asked.percentile if _draws_as_packed(request) else lambda score: None,
        )
        folders.forget(item.folder)
        record = write_result(item.folder, found, audience, request.preset, origin, seed=request.seed, compute=compute)
        seal(item.folder, written_names(request.preset.shifting.n), mark)
        results.append((item.folder, record))
    if len(results) > 1:
        write_overview(request.out, results)
    return results, refused


def _mark(request: Request, item: _Input, audience: Audience, more: list[Any]) -> str:
    """Fingerprint of one product's result: whatever it follows from."""
    asked = {name: value for name, value in asdict(request).items() if name not in ("out", "photos", "resume")}
    about = {
        "photo": item.source,
        "fit": item.fit and asdict(item.fit),
        "audience": [audience.name, audience.users],
        "asked": asked,
        "more": more,
    }
    return fingerprint(about, [item.photo, audience.theta, audience.sample, audience.covariance])


def _is_packs_own(request: Request) -> bool:
    """Whether the pack's own models draw and see: its gate's limits hold for no others."""
    return _draws_as_packed(request) and request.recommender is None and request.encoder is None


def _draws_as_packed(request: Request) -> bool:
    """Whether pictures are drawn, and looked at, as they were when the pack's statistics were made."""
    return request.generator is None and request.use == Use()


def _encoder(request: Request, pack: Pack) -> Encoder | None:
    """The encoder that goes with the generator: the one given, or the pack's for the pack's generator."""
    if request.encoder is not None:
        return load_encoder(request.encoder)
    return pack.encoder if request.generator is None else None


def _check_out(request: Request, inputs: list[_Input]) -> None:
    """Refuse a folder that cannot be written, or in which a photo would be replaced by a picture of ours."""
    photos = {path.resolve() for path in request.photos}
    for item in inputs:
        taken = photos & {(item.folder / name).resolve() for name in written_names(request.preset.shifting.n)}
        if taken:
            raise InputError(f"--out {item.folder}: would overwrite the photo {taken.pop()}; choose another folder")
        try:
            nearest = next(path for path in (item.folder, *item.folder.resolve().parents) if path.exists())
        except OSError as error:
            raise InputError(f"--out {item.folder}: cannot be used ({error})") from error
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise InputError(f"--out {item.folder}: {nearest} is not a folder that can be written to")


def _models_used(request: Request, pack: Pack) -> dict[str, dict[str, Any]]:
    """Which files drew and scored, by name and hash, and how; the pack's own were hashed when it was loaded."""
    used: dict[str, dict[str, Any]] = {}
    for kind, given in (
        ("generator", request.generator),
        ("recommender", request.recommender),
        ("encoder", request.encoder),
    ):
        name = f"{kind}.safetensors"
        if given:
            used[kind] = {"file": given.name, "sha256": storage.sha256_of(given)}
        elif name in pack.info["files"] and not (kind == "encoder" and request.generator):
            used[kind] = {"file": f"{pack.name}/{name}", "sha256": pack.info["files"][name]}
    used["generator"] |= request.use.described()
    return used


def _inputs(request: Request, pack: Pack, side: int) -> Iterator[_Input]:
    """Read and fit every picture; several photos get a folder each, named after the file."""
    if request.sample:
        yield _Input(None, None, None, request.out)
        return
    paths = request.photos or (_example(pack, request.example),)
    taken = {OVERVIEW}  # a folder of that name would be in the way of the page
    for path in paths:
        photo = read_photo(path)
        square, fit = fit_square(photo, side)
        folder = request.out if len(paths) == 1 else request.out / _unique(path.stem, taken)
        yield _Input(path.name, fit, to_tensor(square), folder)


def _unique(stem: str, taken: set[str]) -> str:
    """A folder's name for a photo: its own, made harmless (`...jpg` has the stem `..`), and no other's."""
    plain = "".join(letter if letter.isprintable() and letter not in '\\/:*?"<>|' else "_" for letter in stem)
    base = plain.strip(". ") or "photo"
    name, number = base, 2
    while name.casefold() in taken:  # some file systems do not tell A from a
        name, number = f"{base}-{number}", number + 1
    taken.add(name.casefold())
    return name


def _example(pack: Pack, number: int | None) -> Path:
    examples = pack.examples()
    if number is None or not 1 <= number <= len(examples):
        raise InputError(f"example {number}: the pack {pack.name} has {len(examples)}, counted from 1")
    return examples[number - 1]
