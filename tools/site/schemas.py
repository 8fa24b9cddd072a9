"""Schemas of the files that gigs writes, from the types that read them: for programs, and as tables for people."""

from __future__ import annotations

import inspect
import json
from typing import Any

import griffe
import msgspec


def kinds() -> dict[str, tuple[str, type]]:
    """By file of the schema: the file that it describes, and the type that reads it."""
    from gigs.packs.pack_file import PackFile
    from gigs.result.schema import Record

    return {"result.schema.json": ("result.json", Record), "pack.schema.json": ("pack.json", PackFile)}


def schema(kind: type) -> dict[str, Any]:
    """The JSON Schema of a type, with what its docstrings say of each field, and without what is never written."""
    _, parts = msgspec.json.schema_components([kind], schema_hook=not_written, ref_template="#/$defs/{name}")
    known = types_of(kind)
    for name, part in parts.items():
        drop_hidden(part)
        said = attributes(known[name]) if name in known else {}
        for field, about in part.get("properties", {}).items():
            if field in said:
                about["description"] = said[field]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": f"#/$defs/{kind.__name__}", "$defs": parts,
    }  # fmt: skip


def not_written(kind: type) -> dict[str, Any]:
    """What a record holds in memory only, such as its pictures."""
    return {"title": kind.__name__, "$comment": "not written"}


def drop_hidden(part: dict[str, Any]) -> None:
    """Take fields out of a schema that are never written."""
    for field, about in list(part.get("properties", {}).items()):
        if "not written" in json.dumps(about) or field == "pictures":
            del part["properties"][field]
            part["required"] = [name for name in part.get("required", []) if name != field]


def types_of(kind: type) -> dict[str, type]:
    """All record types within a type, by name."""
    found: dict[str, type] = {}

    def look(info: Any) -> None:
        if isinstance(info, msgspec.inspect.StructType | msgspec.inspect.DataclassType):
            if info.cls.__name__ in found:
                return
            found[info.cls.__name__] = info.cls
            for field in info.fields:
                look(field.type)
        for name in ("type", "item_type", "key_type", "value_type"):
            if hasattr(info, name):
                look(getattr(info, name))
        for name in ("types", "item_types"):
            for inner in getattr(info, name, ()):
                look(inner)

    look(msgspec.inspect.type_info(kind))
    return found


def attributes(kind: type) -> dict[str, str]:
    """What a class's docstring, and those of the classes it extends, say of its attributes."""
    said: dict[str, str] = {}
    for one in reversed(kind.__mro__[:-1]):
        text = inspect.cleandoc(one.__doc__ or "")
        for section in griffe.Docstring(text).parse("google", warnings=False):
            if section.kind is griffe.DocstringSectionKind.attributes:
                said |= {entry.name: " ".join(entry.description.split()) for entry in section.value}
    return said


def page() -> str:
    """The page, in Markdown."""
    parts = []
    for file, (described, kind) in kinds().items():
        whole = schema(kind)
        parts.append(f"## `{described}`\n\n[{file}]({file}) is its JSON Schema.\n")
        top = kind.__name__
        for name, part in sorted(whole["$defs"].items(), key=lambda entry: (entry[0] != top, entry[0])):
            if "properties" in part:
                parts.append(table(name, part))
    return "\n".join(parts)


def table(name: str, part: dict[str, Any]) -> str:
    """One record type: a row for each field."""
    first = " ".join(part.get("description", "").split("\n\n")[0].split())
    rows = ["| field | type | meaning |", "|---|---|---|"]
    required = set(part.get("required", ()))
    for field, about in part["properties"].items():
        absent = "" if field in required else " (may be absent)"
        rows.append(
            f"| `{field}`{absent} | {in_words(about)} | {about.get('description', '').replace('|', chr(92) + '|')} |"
        )
    return f"### {name}\n\n{first}\n\n" + "\n".join(rows) + "\n"


def in_words(about: dict[str, Any]) -> str:
    """A type, short: `number, 0 to 1`, `array of Suggestion`."""
    if "$ref" in about:
        return about["$ref"].rpartition("/")[2]
    if "anyOf" in about:
        return " or ".join(dict.fromkeys(in_words(one) for one in about["anyOf"]))
    if "enum" in about:
        return " or ".join("null" if one is None else f"`{one}`" for one in about["enum"])
    kind = about.get("type", "any")
    if kind == "array":
        inner = about.get("items") or about.get("prefixItems", [{}])[0]
        return f"array of {in_words(inner)}" if inner else "array"
    if kind == "object" and about.get("additionalProperties"):
        return f"object of {in_words(about['additionalProperties'])}"
    low, high = about.get("minimum", about.get("exclusiveMinimum")), about.get("maximum")
    if (low, high) == (0, 1):
        return f"{kind}, 0 to 1"
    return f"{kind}, from {low:g}" if low is not None and low >= 0 else kind
