"""Measurements. `import gigs` comes first: it says how threads wait, which OpenMP reads when PyTorch is loaded."""

import gigs as gigs
