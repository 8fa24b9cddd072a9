"""Redesigns many photos into folders, as `gigs suggest` does. All inputs are checked before anything is written."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gigs.audience import MINIMUM_USERS, Audience
from gigs.errors import GigsError, InputError
from gigs.inversion.gate import RefusedError
from gigs.io import folders, written
from gigs.io.fingerprint import fingerprint
from gigs.io.text import readable
from gigs.languages import SOURCE, language
from gigs.method.choice import NothingToShowError
from gigs.method.cut_out import check_photos
from gigs.method.options import Options
from gigs.method.product import Product
from gigs.packs import Pack
from gigs.packs.names import DEFAULT
from gigs.progress import OnStep, silent
from gigs.result import Result
from gigs.result.pictures import Pictures
from gigs.result.reading import with_pictures
from gigs.result.result import file_names, is_file_name
from gigs.result.saved import OVERVIEW, REPORT, language_in, rebuilt, write_overview
from gigs.session import OwnModels, Session
from gigs.verify.panel import Panel
from gigs.verify.recalibration import Recalibration

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # as a path, two slashes are one; a drive has one letter


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of `gigs suggest`; see its options.

    `types` is a shop's item table, which says what each photo shows. `language` is the language of the pages.
    """

    options: Options
    out: Path
    photos: tuple[Path, ...] = ()
    example: int | None = None
    sample: bool = False
    audience: str = "everyone"
    pack: str = DEFAULT
    models: OwnModels = field(default_factory=OwnModels)
    catalogue: Path | None = None
    device: str = "cpu"
    recalibration: Recalibration | None = None
    resume: bool = False
    min_audience: int = MINIMUM_USERS
    types: Path | None = None
    language: str = SOURCE

    def __post_init__(self) -> None:
        language(self.language)
        for path in self.photos:
            if ADDRESS.match(str(path)):
                raise InputError(f"{path}: gigs does not open web addresses; save the photo and give the file")
        ways = bool(self.photos) + (self.example is not None) + self.sample
        if ways != 1:
            given = "nothing" if ways == 0 else "more than one of them"
            raise InputError(f"give photos, `example` or `sample`; {given} was given")
        if self.types is not None and (self.options.product_type is not None or not self.photos):
            raise InputError("`types` needs photos, and cannot be used together with `product_type`")


@dataclass(frozen=True)
class Refusal:
    """A photo without redesigns: its file name and the reason.

    `by_gate`: the gate refused it, and `force` would continue; otherwise no redesign shows a visible change.
    """

    source: str | None
    reason: str
    by_gate: bool = True

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


@dataclass(frozen=True)
class Finished:
    """The outcome of a request: the folder and result of each product, and the photos without redesigns."""

    results: list[tuple[Path, Result]]
    refused: list[Refusal]


def run(request: Request, on_step: OnStep = silent, session: Session | None = None) -> Finished:
    """Run a request. All inputs are checked before anything is written.

    Args:
        request: The request. With `resume`, complete results of the same request in the folder are kept.
        on_step: Progress.
        session: An open session with the request's models, if there is one.

    Raises:
        InputError: An input cannot be used, or another process writes into the folder.
    """
    with folders.owned(request.out):
        return _run(request, on_step, session or _session(request))


def _session(request: Request) -> Session:
    return Session(
        request.pack, device=request.device, models=request.models, catalogue=request.catalogue,
        recalibration=request.recalibration,
    )  # fmt: skip


def _run(request: Request, on_step: OnStep, session: Session) -> Finished:
    options = Options(**{**vars(request.options), "on_step": on_step})
    places = list(_places(request, session))
    _check_out(request, [folder for folder, _ in places])
    check_photos([path for _, path in places if path is not None], options)  # all of them, before any is worked on
    audience = session.audience(request.audience, minimum=request.min_audience, on_step=on_step)
    panel = session.panel(audience, options)
    kinds = _kinds(request, panel)
    facts = [audience.label, session.files, session.pack.info, session.compute(options.preset).describe()]
    done = Finished([], [])
    for folder, path in places:  # one photo's pixels at a time
        try:
            product = session.product(path, options)
            kind = None if path is None else kinds.get(path)
            mark = _mark(request, product, audience, [*facts, kind] if kind else facts)
            result = completed(folder, mark) if request.resume else None
            if result is not None:
                in_language(request, folder, result)
            else:
                told = panel.of_type(kind) if panel is not None and kind is not None else panel
                result = session.redesign(product, audience, options, told)
                with folders.owned_below(request.out, folder):
                    result.save(folder, language=request.language)
                    seal(folder, file_names(len(result)), mark)
        except (RefusedError, NothingToShowError) as error:
            source = None if path is None else readable(path.name)
            done.refused.append(Refusal(source, str(error), isinstance(error, RefusedError)))
            continue
        done.results.append((folder, with_pictures(result, Pictures(folder=folder))))
    if len(done.results) > 1:
        write_overview(request.out, done.results, language(request.language))
    return done


def in_language(request: Request, folder: Path, result: Result) -> None:
    """Write a kept result's pages again if their language differs from the request's."""
    wanted = language(request.language)
    if language_in(folder / REPORT[0]).code != wanted.code:
        rebuilt(request.out, folder, result, wanted)


def _kinds(request: Request, panel: Panel | None) -> dict[Path, str]:
    """The types that the request's table gives for photos. A warning names photos without a type.

    Raises:
        InputError: The request's models cannot recognise types.
        DataError: The table cannot be used.
    """
    if request.types is None:
        return {}
    if panel is None:
        raise InputError("`types` needs the pack's own models")
    from gigs.data.importers.item_types import item_types  # imported late, with pandas

    found = item_types(request.types, request.photos, panel.category.names)
    if missing := found.missing(request.types):
        warnings.warn(missing, stacklevel=2)
    return found.named


def completed(folder: Path, mark: str) -> Result | None:
    """The result in a folder, if it is complete, unchanged and from the same request; otherwise None."""
    if not folders.is_complete(folder, mark):
        return None
    try:
        return Result.read(folder)
    except GigsError:
        return None


def seal(folder: Path, names: list[str], mark: str) -> None:
    """Write a result's manifest as the last file; with it, the result counts as finished."""
    written.seal(folder, names, mark)


def _mark(request: Request, product: Product, audience: Audience, facts: list[Any]) -> str:
    """Fingerprint of everything that one product's result depends on."""
    named = ("preset", "on_step", "mask", "keep_region")  # of a mask its content counts, whatever its file is called
    beside = ("options", "out", "photos", "resume", "types", "language")  # pages in another language are written anew
    asked = {
        "preset": asdict(request.options.preset),
        "options": {name: value for name, value in vars(request.options).items() if name not in named},
        "request": {name: value for name, value in vars(request).items() if name not in beside},
    }
    about = {
        "photo": product.source,
        "fit": product.fit and asdict(product.fit),
        "audience": [audience.name, audience.users],
        "asked": asked,
        "more": facts,
    }
    alpha = None if product.cutout is None else torch.from_numpy(np.array(product.cutout.alpha))
    pixels = None if product.pixels is None else torch.from_numpy(np.array(product.pixels))
    region = None if product.keep.region is None else torch.from_numpy(product.keep.region.astype(np.uint8))
    tensors = [product.photo, pixels, alpha, region, audience.theta, audience.sample, audience.covariance]
    return fingerprint(about, tensors)


def _check_out(request: Request, out: list[Path]) -> None:
    """Refuse a folder that cannot be written, that another process uses, or that holds files not from gigs."""
    options, names = request.options, file_names(request.options.preset.shifting.n)
    others = (options.mask, options.keep_region, request.types)
    inputs = [*request.photos, *(one for one in others if isinstance(one, Path))]
    for folder in out:
        try:
            nearest = next(path for path in (folder, *folder.resolve().parents) if path.exists())
        except OSError as error:
            raise InputError(f"{folder}: cannot be used ({error})") from error
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise InputError(f"{folder}: {nearest} is not a folder that can be written to")
        written.spare(folder, inputs, names, is_file_name)
        written.claim(folder, names)
        with folders.owned_below(request.out, folder):
            pass  # whoever writes there must have ended
    if len(out) > 1:
        written.spare(request.out, inputs, [OVERVIEW], [OVERVIEW].__contains__)
        written.claim(request.out, [OVERVIEW])


def _places(request: Request, session: Session) -> Iterator[tuple[Path, Path | None]]:
    """Each photo with its folder. Several photos get one folder each, named after the file."""
    if request.sample:
        yield request.out, None
        return
    paths = request.photos or (_example(session.pack, request.example),)
    taken = {OVERVIEW}  # a folder of that name would be in the way of the page
    for path in paths:
        yield request.out if len(paths) == 1 else request.out / _unique(path.stem, taken), path


def _unique(stem: str, taken: set[str]) -> str:
    """A unique and safe folder name for a photo (the stem of `...jpg` is `..`)."""
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
        raise InputError(f"example {number}: the pack {pack.name} has examples 1 to {len(examples)}")
    return examples[number - 1]
