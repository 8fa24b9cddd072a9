"""The paper's printed figures (Kumar, Sharma and Narayan 2025, Tables 2 to 5), as mean and standard deviation.

Measured by its authors on Amazon Fashion, with their DVBPR, their ProGAN and InceptionV3: nothing here is comparable
with a figure of another data set except in sign and order.
"""

from __future__ import annotations

DATA = "Amazon Fashion (the paper's own models)"
COLUMNS = ("preference", "opposite_ssim", "inception_score", "frechet", "shift")

Printed = dict[str, tuple[float, float | None]]


def _row(*values: tuple[float, float | None] | None) -> Printed:
    return {name: value for name, value in zip(COLUMNS, values, strict=False) if value is not None}


# fmt: off
PRINTED: dict[str, dict[str, Printed]] = {
    "table2": {
        "method": _row((8.97, 3.55), (0.63, 0.16), (8.22, 0.38), (13.1, None)),
        "personalised": _row((7.68, 4.1), (0.53, 0.12), (7.65, 0.24)),
        "non-personalised": _row((-1.94, 3.7), (0.56, 0.09), (6.81, 0.37)),
    },
    "table3": {
        "unpreferred": _row((5.48, 4.02), (0.62, 0.16), (8.51, 0.31), (17.8, None), (7.31, 3.04)),
        "preferred": _row((7.40, 4.35), (0.60, 0.16), (8.25, 0.29), (15.58, None), (5.64, 2.63)),
    },
    "table4": {
        "upper": _row((5.08, 4.17), (0.68, 0.15), (7.24, 0.39), (18.85, None), (7.26, 3.11)),
        "footwear": _row((5.83, 4.03), (0.63, 0.15), (8.14, 0.34), (16.91, None), (7.54, 3.10)),
        "trousers": _row((5.48, 4.30), (0.63, 0.18), (8.24, 0.40), (17.39, None), (7.33, 3.08)),
    },
    "table5": {
        "1": _row((8.97, 3.55), (0.63, 0.16), (8.22, 0.38), (13.10, None), (7.31, 3.04)),
        "5": _row((2.31, 1.51), (0.61, 0.15), (8.13, 0.35), (17.65, None), (4.37, 1.48)),
        "10": _row((1.84, 1.18), (0.61, 0.15), (7.99, 0.36), (17.95, None), (3.77, 1.19)),
        "50": _row((1.55, 0.88), (0.60, 0.16), (8.06, 0.26), (17.45, None), (3.06, 0.90)),
        "100": _row((1.56, 0.89), (0.60, 0.15), (8.06, 0.25), (17.66, None), (3.22, 0.94)),
        "500": _row((1.22, 0.84), (0.60, 0.15), (7.98, 0.23), (17.56, None), (3.12, 0.92)),
        "1000": _row((1.18, 0.85), (0.60, 0.15), (8.02, 0.22), (17.43, None), (3.15, 0.92)),
        "10000": _row((1.04, 0.82), (0.60, 0.15), (8.03, 0.43), (17.12, None), (3.12, 0.91)),
    },
}
# fmt: on
CLAIMS = {"preference": 0.167, "diversity": 0.125}  # the method's lead over a baseline, as shares
LEVEL_FROM = 10  # users: above this count the paper finds the gain constant
