"""JSON from outside, checked against a type before anything in it is used.

The kinds of numbers and words below say in a type what a value may be. They are bounded, so that whatever was read can
also be computed with, rounded and shown.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from gigs.errors import InputError, ModelError

T = TypeVar("T")

Number = Annotated[float, Meta(ge=-1e9, le=1e9)]
NotNegative = Annotated[float, Meta(ge=0, le=1e9)]
Positive = Annotated[float, Meta(gt=0, le=1e9)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
AtLeastOne = Annotated[int, Meta(ge=1, le=2**53)]
Seed = Annotated[int, Meta(ge=0)]
Word = Annotated[str, Meta(min_length=1, max_length=1000)]
HexColour = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")]


def checked(content: Any, kind: type[T], path: Path, advice: str) -> T:
    """Convert what was read to a value of a type.

    Args:
        content: As `storage.read_json` or the header of a safetensors file gives it.
        kind: A dataclass or `msgspec.Struct`; names that it does not know are passed over.
        path: Of the file, for the message.
        advice: What to do about it, for the message.

    Raises:
        ModelError: A field is missing, of another type, out of its range, or no text or number that can be written
            down; one line names the file and the field.
    """
    try:
        found = msgspec.convert(content, kind)
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8")  # what no field's type looks into
    except (msgspec.ValidationError, InputError) as error:
        raise ModelError(f"{path}: damaged ({error}); {advice}") from error
    except (UnicodeEncodeError, RecursionError, ValueError) as error:
        raise ModelError(f"{path}: damaged (an invalid text or number: {error}); {advice}") from error
    return found
