"""Run the command line in the tests' own process: starting Python and PyTorch anew for every call takes seconds."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from gigs.cli import main


class Outcome(NamedTuple):
    """What a call left behind."""

    returncode: int
    stdout: str
    stderr: str


def gigs(*arguments: object) -> Outcome:
    """`gigs ARGUMENTS...`."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["gigs", *map(str, arguments)])
        patch.setenv("COLUMNS", "200")
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())
