"""Checkpoints that others published, converted once to the package's own safetensors.

Such files are pickles, and a pickle can run any program. Here nothing in a file is ever run: PyTorch's weights-only
reader builds tensors and plain containers, and it is told of a few harmless types more (`persistence` does the same for
NVIDIA's files). Whatever else a file names is refused before anything is looked up.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from gigs.errors import ModelError
from gigs.generator.base import Generator, save_generator
from gigs.generator.convert import biggan as biggan_formats
from gigs.generator.convert import diffusion as diffusion_formats
from gigs.generator.convert import foreign
from gigs.generator.convert import progan_build as progan_public_build
from gigs.generator.convert import progan_formats as progan_public_formats
from gigs.generator.convert import stylegan2 as stylegan2_formats
from gigs.generator.convert.persistence import is_persistent, read_persistent
from gigs.generator.convert.plain import is_safetensors, read_plain, read_safetensors
from gigs.generator.convert.within import weights_within
from gigs.io import storage

DDIM_STEPS = 10


def convert_checkpoint(
    source: str | Path,
    target: str | Path,
    *,
    resolution: int | None = None,
    truncation: float | None = None,
    steps: int | None = None,
    sha256: str | None = None,
) -> Path:
    """Convert a generator that others trained for `load_generator`: ProGAN, StyleGAN2, BigGAN or a diffusion model.

    The format is told by what the file holds, and so are the settings; where it holds an average of the weights over
    training, that is taken. Weights are read from the disk as they are needed, so the rest of a large checkpoint costs
    no memory (files older than PyTorch 1.6 are read whole).

    Args:
        source: The checkpoint; for a diffusion model, the folder that diffusers saved.
        target: File to write.
        resolution: Draw with a lower level's colours; needed for a ProGAN checkpoint from an earlier stage of training.
        truncation: In (0, 1]: how near to the mean vectors are drawn (StyleGAN2, BigGAN); 1 where not given.
        steps: DDIM steps of a diffusion model; 10 where not given.
        sha256: What the file's hash must be, 64 hex digits; in a folder, the UNet's weights' hash.

    Returns:
        `target`. Its `about` names the source file, its sha256 and its format.

    Raises:
        ModelError: Missing, damaged, unsafe, of another hash or network, or unfinished.
    """
    source, target = Path(source), Path(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise ModelError(f"{target}: would overwrite the checkpoint; give another name")
    if not source.exists():
        raise ModelError(f"{source}: no such file")
    generator: Generator
    try:
        if source.is_dir():
            if stranger := foreign.told_by_its_files(source):
                raise ModelError(stranger)
            _refuse(resolution, "resolution", diffusion_formats.FORMAT)
            _refuse(truncation, "truncation", diffusion_formats.FORMAT)
            generator, weights = diffusion_formats.from_folder(source, steps=DDIM_STEPS if steps is None else steps)
            kind, digest = diffusion_formats.FORMAT, _checked(weights, sha256)
        else:
            digest = _checked(source, sha256)
            kind, generator = _generator(_content(source), resolution, truncation, steps)
    except ModelError as error:
        prefix = "" if str(error).startswith(str(source)) else f"{source}: "
        raise ModelError(f"{prefix}{error}") from error
    except (TypeError, ValueError, OverflowError, RuntimeError, KeyError) as error:  # settings or tensors gone wrong
        raise ModelError(f"{source}: cannot be read as a checkpoint ({str(error).partition(chr(10))[0]})") from error
    about = {"converted_from": {"file": source.name, "sha256": digest, "format": kind}}
    return save_generator(target, generator, about)


def _content(source: Path) -> Any:
    """What a file holds, by the reader of its kind.

    Raises:
        ModelError: It is of another kind, damaged or unsafe; the message says what to do.
    """
    if stranger := foreign.told_by_its_bytes(source):
        raise ModelError(stranger)
    if is_persistent(source):
        return read_persistent(source)
    return read_safetensors(source) if is_safetensors(source) else read_plain(source)


def _checked(path: Path, wanted: str | None) -> str:
    """A file's sha256, which must be the one that was given, if one was."""
    digest = storage.sha256_of(path)
    if wanted is not None and digest != wanted.strip().lower():
        raise ModelError(f"{path}: its SHA-256 is {digest}, not the given one; download the file again")
    return digest


def _generator(
    content: Any, resolution: int | None, truncation: float | None, steps: int | None
) -> tuple[str, Generator]:
    """The format's name and the generator in `content`."""
    _refuse(steps, "ddim_steps", "a single file: only folders of diffusers have steps")
    if style := stylegan2_formats.recognise(content):
        _refuse(resolution, "resolution", style[0])
        return style[0], style[1]().truncated(1.0 if truncation is None else truncation)
    if big := biggan_formats.recognise(content):
        _refuse(resolution, "resolution", big[0])
        return big[0], big[1](1.0 if truncation is None else truncation)
    checkpoint = _progan(content)
    _refuse(truncation, "truncation", checkpoint.format)
    return checkpoint.format, progan_public_build.build(checkpoint, resolution)


def _progan(content: Any) -> progan_public_formats.ProGANCheckpoint:
    """A ProGAN, or bare layers of one under a name or behind a prefix.

    Raises:
        ModelError: None; the message is about the content as a whole.
    """
    try:
        return progan_public_formats.recognise(content)
    except ModelError:
        for state in weights_within(content):
            with contextlib.suppress(ModelError):
                return progan_public_formats.recognise(state)
        raise


def _refuse(given: object, option: str, kind: str) -> None:
    if given is not None:
        raise ModelError(f"`{option}` does not apply to {kind}")
