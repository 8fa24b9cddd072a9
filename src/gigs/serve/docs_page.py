"""The documentation page, made from the OpenAPI description. It loads nothing from elsewhere and works offline."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from fastapi import FastAPI
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape

from gigs.serve import texts

BEARER = "bearer"
OPEN = ("/health/live", "/health/ready")
CODE = re.compile(r"`([^`]+)`")


def documented(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with the key that a server may ask for."""
    found = app.openapi()
    scheme = {"type": "http", "scheme": "bearer", "description": "Only if the server was started with a key."}
    found.setdefault("components", {})["securitySchemes"] = {BEARER: scheme}
    for path, methods in found["paths"].items():
        for operation in methods.values():
            if path in OPEN:
                continue
            operation["security"] = [{}, {BEARER: []}]  # without and with: a server on this computer needs none
    return found


def render_docs(description: dict[str, Any]) -> str:
    """HTML of the description: every address with its fields, answers and an example, and every kind of problem."""
    made = Environment(loader=PackageLoader("gigs.serve"), autoescape=select_autoescape(), trim_blocks=True)
    made.filters |= {"code": code, "kind": partial(kind_of, description=description)}
    operations = [
        {"method": method.upper(), "path": path, "fields": _fields(operation, description), **operation}
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    problems = [(kind, texts.TITLES[kind], words) for kind, words in texts.PROBLEMS.items()]
    status = description["components"]["schemas"]["Status"]["properties"]
    return made.get_template("docs.html").render(
        about=description["info"], operations=operations, problems=problems, status=status
    )


def code(text: str) -> Markup:
    """Text with what stands in backticks as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))


def kind_of(schema: dict[str, Any], description: dict[str, Any]) -> str:
    """A schema in a few words, such as `integer from 1 to 8`."""
    schema = _resolved(schema, description)
    if "anyOf" in schema:
        return " or ".join(kind_of(one, description) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return "any of " + kind_of(schema["items"], description)
    if schema.get("contentMediaType") or schema.get("format") == "binary":
        return "file"
    words = str(schema.get("format") or schema.get("type") or "object")
    low, high = schema.get("minimum"), schema.get("maximum")
    return words + ("" if low is None else f" from {low:g}") + ("" if high is None else f" to {high:g}")


def _fields(operation: dict[str, Any], description: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of an operation's form."""
    content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
    if content is None:
        return []
    form = _resolved(content["schema"], description)
    required = form.get("required", [])
    return [{"name": name, "needed": name in required, "schema": one} for name, one in form["properties"].items()]


def _resolved(schema: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict(description["components"]["schemas"][name]) if name else schema
