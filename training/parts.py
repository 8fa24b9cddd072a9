"""A checkpoint in parts below 16 MB each, for a connection that carries no larger files, and whole again.

    python training/parts.py split FILE FOLDER [--largest 15.5]
    python training/parts.py join FOLDER FILE

The last part to be written is `parts.json`, which has the whole file's hash: a folder without it is incomplete.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gigs.errors import InputError
from gigs.io import storage


def split(file: Path, folder: Path, *, largest: int) -> list[Path]:
    """Write `FOLDER/part-000` and so on, and `parts.json`; parts of an earlier file are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (folder / "parts.json", *folder.glob("part-*")):
        old.unlink(missing_ok=True)
    parts = []
    with file.open("rb") as stream:
        while piece := stream.read(largest):
            parts.append(folder / f"part-{len(parts):03d}")
            parts[-1].write_bytes(piece)
    storage.write_json(
        folder / "parts.json", {"file": file.name, "parts": len(parts), "sha256": storage.sha256_of(file)}
    )
    return parts


def join(folder: Path, file: Path) -> Path:
    """Put a file together again.

    Raises:
        InputError: A part is missing, or the file is not what was split.
    """
    if not (folder / "parts.json").is_file():
        raise InputError(f"{folder}: no parts.json, so not all parts are here; fetch the folder again")
    about = storage.read_json(folder / "parts.json")

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            for index in range(about["parts"]):
                part = folder / f"part-{index:03d}"
                if not part.is_file():
                    raise InputError(f"{part}: missing; fetch the folder again")
                stream.write(part.read_bytes())
        if storage.sha256_of(temporary) != about["sha256"]:
            raise InputError(f"{folder}: a part is damaged; fetch the folder again")

    return storage.write_atomic(file, write)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    splitting = commands.add_parser("split", help="parts of a file")
    splitting.add_argument("file", type=Path)
    splitting.add_argument("folder", type=Path)
    splitting.add_argument("--largest", type=float, default=15.5, help="MB (millions of bytes) of a part (15.5)")
    joining = commands.add_parser("join", help="a file of its parts")
    joining.add_argument("folder", type=Path)
    joining.add_argument("file", type=Path)
    given = parser.parse_args()
    if given.what == "split":
        print(f"{len(split(given.file, given.folder, largest=int(given.largest * 1e6)))} parts in {given.folder}")
    else:
        print(join(given.folder, given.file))


if __name__ == "__main__":
    main()
