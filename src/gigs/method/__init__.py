"""The method on one product: reconstruct, redesign, rank; and the presets that set it."""
