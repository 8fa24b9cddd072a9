"""The result of one product: the only reader and writer of `result.json`, and of the folder around it."""

from gigs.result.result import Result
from gigs.result.schema import UNCHECKED, Suggestion

__all__ = ["UNCHECKED", "Result", "Suggestion"]
