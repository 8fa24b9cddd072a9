"""Parts of a folder that diffusers wrote, loaded by the library's own loaders.

Those know what became of earlier files: renamed attention weights, shards, half precision. Nothing of a folder is run:
configurations are JSON, weights safetensors or a `.bin` of plain tensors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gigs.errors import ModelError
from gigs.generator.convert.plain import read_plain
from gigs.generator.families.diffusion import diffusers
from gigs.io import storage

WEIGHTS = "diffusion_pytorch_model"
SCHEDULE = "scheduler_config.json"
# One file or the index of several, plain or of a variant such as `fp16`; single shards are not matched.
_FILE = re.compile(rf"{WEIGHTS}(?:\.(\w+))?\.(safetensors|bin)(?:\.index(?:\.(\w+))?\.json)?")
# What the library's loaders raise at files that are damaged or make no sense.
_WRONG = (OSError, RuntimeError, TypeError, ValueError, KeyError, AttributeError, ImportError, NotImplementedError)


def load_network(folder: Path, name: str) -> tuple[Any, Path]:
    """A network of diffusers, frozen, in evaluation mode and in single precision, and the file of its weights.

    Args:
        folder: With `config.json` and the weights.
        name: Its class, such as `UNet2DModel`.

    Raises:
        ModelError: There are no weights, they do not fit, or the library is not installed or cannot build it.
    """
    config = storage.read_json(folder / "config.json")
    if config.get("quantization_config"):
        raise ModelError(f"{folder}: holds quantised weights; save it from diffusers again in float32 or float16")
    file, variant = _weights(folder)
    if file.suffix == ".bin":
        read_plain(file)  # names what a hostile file asks for, which the library's own error does not
    try:
        with _quiet():
            network, told = getattr(diffusers(), name).from_pretrained(
                folder, local_files_only=True, low_cpu_mem_usage=False, output_loading_info=True, variant=variant,
                use_safetensors=".safetensors" in file.name,
            )  # fmt: skip
    except _WRONG as error:
        raise ModelError(f"{folder}: diffusers cannot load this {name} ({_short(error)})") from error
    for kind, word in (("missing_keys", "is missing"), ("unexpected_keys", "is of another network")):
        if told[kind]:
            raise ModelError(f"{file}: weights do not fit their configuration ({sorted(told[kind])[0]} {word})")
    return network.float().eval().requires_grad_(False), file


def load_schedule(folder: Path) -> Any:
    """The noise schedule in a folder's `scheduler_config.json`, as the class of diffusers that it names.

    Its `alphas_cumprod` are the cumulative shares of signal, and `config.prediction_type` is what the network predicts.

    Raises:
        ModelError: It is no schedule of a denoising diffusion model.
    """
    path = folder / SCHEDULE
    config = storage.read_json(path)
    name = config.get("_class_name", "DDPMScheduler")
    kind = getattr(diffusers(), name, None) if isinstance(name, str) else None
    if not (isinstance(kind, type) and issubclass(kind, diffusers().SchedulerMixin)):
        raise ModelError(
            f"{path}: names {name!r}, which is no scheduler of diffusers; update diffusers, or mend the name"
        )
    if "prediction_type" not in config and config.get("predict_epsilon") is False:  # as files before 2023 said it
        config["prediction_type"] = "sample"
    try:
        with _quiet():
            schedule = kind.from_config(config)  # type: ignore[attr-defined]
    except _WRONG as error:
        raise ModelError(f"{path}: diffusers cannot build this {name} ({_short(error)})") from error
    if getattr(schedule, "alphas_cumprod", None) is None:
        raise ModelError(
            f"{path}: a {name} belongs to another kind of model than denoising diffusion (DDPM, DDIM and those that "
            "share their noise), which is all that gigs draws with"
        )
    return schedule


def plain_config(network: Any) -> dict[str, Any]:
    """A network's whole configuration, defaults included, without diffusers' notes on where it came from."""
    return {name: value for name, value in network.config.items() if not name.startswith("_")}


def _weights(folder: Path) -> tuple[Path, str | None]:
    """The file of a network's weights (of shards, their index) and its variant, such as `fp16`.

    As diffusers would choose where there are several: the plain name before variants, safetensors before `.bin`.
    """
    found = [
        ((told[1] or told[3]) is not None, told[2] == "bin", path, told[1] or told[3])
        for path in sorted(folder.glob(f"{WEIGHTS}*"))
        if (told := _FILE.fullmatch(path.name))
    ]
    if not found:
        raise ModelError(f"{folder}: holds no {WEIGHTS}.safetensors (or .bin); download the whole folder")
    _, _, path, variant = min(found, key=lambda each: each[:2])
    return path, variant


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's own notes: what a user must know is raised here as an error."""
    logging = diffusers().utils.logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _short(error: BaseException) -> str:
    """The line of a library's message that says the most: a mismatch is named in the last one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if "size mismatch" in line or "shape" in line]
    return (named or lines or [type(error).__name__])[0][:300]
