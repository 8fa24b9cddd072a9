"""Where the command line prints: results to standard output, progress and errors to standard error."""

from rich.console import Console

output = Console()
errors = Console(stderr=True)
