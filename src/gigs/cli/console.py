"""Where the command line prints: results to standard output, progress and errors to standard error."""

from rich.console import Console

output = Console()
errors = Console(stderr=True)


def warn(text: str | None) -> None:
    """A caution to standard error, in one piece; nothing where there is none."""
    if text:
        errors.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)
