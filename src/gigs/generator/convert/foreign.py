"""What a file is that is no checkpoint of PyTorch, and how its network gets into one: told by its first bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

HEAD = 1 << 20  # bytes that are looked at

_TENSORFLOW = (
    "a TensorFlow network, as NVIDIA's StyleGAN, StyleGAN2 and progressive_growing_of_gans pickled it; nothing "
    "was run. A StyleGAN2 is brought into the .pkl that gigs reads by NVIDIA's stylegan2-ada-pytorch (python legacy.py "
    "--source=OLD.pkl --dest=NEW.pkl), or into a .pt by rosinality's stylegan2-pytorch (convert_weight.py); both may "
    "run code of the file, so do it only if you trust where it comes from"
)
_OTHER_LIBRARY = "gigs reads PyTorch's; look for the same network there, or convert it with the tools of its authors"
_ARCHIVE = "unpack it and give the checkpoint inside"

# How a file begins, and what it then is.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself; run 'git lfs pull' where you cloned it"),
    (b"\x89HDF\r\n", f"an HDF5 file, as Keras writes; {_OTHER_LIBRARY}"),
    (b"GGUF", f"a GGUF file of another kind of model; {_OTHER_LIBRARY}"),
    (b"\x93NUMPY", f"a NumPy array, not named layers; {_OTHER_LIBRARY}"),
    (b"\x1f\x8b", f"a gzip archive; {_ARCHIVE}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive; {_ARCHIVE}"),
    (b"Rar!\x1a\x07", f"a RAR archive; {_ARCHIVE}"),
)
_TENSORFLOW_FILES = (".pb", ".meta", ".index", ".tflite")


def told_by_its_bytes(path: Path) -> str | None:
    """What a file is and what to do about it, in one line; None where it may be a checkpoint."""
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    for beginning, verdict in _BEGINNINGS:
        if head.startswith(beginning):
            return verdict
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, not a checkpoint: the address led to a page that asks something; download it with a browser"
    if head.startswith(b"\x80") and any(f"c{name}\n".encode() in head for name in _tensorflow_classes()):
        return _TENSORFLOW
    if head[257:262] == b"ustar":
        return f"a tar archive; {_ARCHIVE}"
    if path.suffix in _TENSORFLOW_FILES or ".data-00000-of-" in path.name:
        return f"a file of TensorFlow's ({path.suffix}); {_OTHER_LIBRARY}"
    if path.suffix == ".onnx":
        return f"an ONNX network, without gradients to search by; {_OTHER_LIBRARY}"
    return _told_by_its_members(path) if head.startswith(b"PK\x03\x04") else None


def told_by_its_files(folder: Path) -> str | None:
    """As `told_by_its_bytes`, of a folder that is none of diffusers."""
    if (folder / "saved_model.pb").is_file() or any(folder.glob("*.index")):
        return f"a folder of TensorFlow's; {_OTHER_LIBRARY}"
    if any((folder / name).is_file() for name in ("config.json", "model_index.json", "unet/config.json")):
        return None
    known = [path.name for kind in ("*.pt", "*.pth", "*.pkl", "*.bin") for path in sorted(folder.glob(kind))]
    advice = f"give the file itself, such as {folder / known[0]}" if known else "give a checkpoint's file"
    return f"a folder without config.json or model_index.json, so none of diffusers; {advice}"


def _tensorflow_classes() -> tuple[str, ...]:
    return tuple(f"{module}\nNetwork" for module in ("dnnlib.tflib.network", "tfutil", "network"))


def _told_by_its_members(path: Path) -> str | None:
    """Of a zip: PyTorch's own files are such, and so are those of others."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return None  # a damaged file, which PyTorch's reader names
    if any(name.endswith("/constants.pkl") or "/code/" in name for name in names):
        return (
            "a TorchScript program, which carries code, rather than weights; where you trust it, load it with "
            "torch.jit.load and save its state_dict() with torch.save"
        )
    if any(name.endswith("data.pkl") for name in names):
        return None
    if any(name.endswith(".weights.h5") for name in names):
        return f"a network of Keras; {_OTHER_LIBRARY}"
    if names and all(name.endswith(".npy") for name in names):
        return f"arrays of NumPy (.npz); {_OTHER_LIBRARY}"
    return f"a zip archive; {_ARCHIVE}" if names else None
