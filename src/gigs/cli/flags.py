"""Names of settings in error messages, written as options of the command that the user typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

SETTING = re.compile(r"`([a-z][a-z0-9_]*)`")
# Settings whose options have other names.
OTHER_NAMES = {
    "delta": "dp_delta", "epsilon": "dp_epsilon", "event_weights": "event_weight", "label": "class",
    "methods": "method", "product_type": "type",
}  # fmt: skip


def with_flags(text: str, typed: Sequence[str]) -> str:
    """Replace settings in backticks, such as `batch`, by the options of the typed command, such as --batch.

    Args:
        text: An error message. Names that the command has no option for stay as they are.
        typed: The words after `gigs`.
    """
    if not SETTING.search(text):
        return text
    import typer

    from gigs.cli.app import app

    options = _options(typer.main.get_command(app), typed)
    return SETTING.sub(lambda found: options.get(found[1], found[0]), text)


def _options(command: Any, typed: Sequence[str]) -> dict[str, str]:
    """The options of a command of click (typer brings its own copy) by the names of their settings."""
    for word in typed:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            break
        command = inner
    command = getattr(command, "commands", {}).get("run", command)  # what `gigs farm` does without a name
    flags = [flag for parameter in command.params for flag in parameter.opts if flag.startswith("--")]
    named = {flag.lstrip("-").replace("-", "_"): flag for flag in flags}
    return {name: named[other] for name, other in OTHER_NAMES.items() if other in named} | named
