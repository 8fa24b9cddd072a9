"""Catalogues: items, users, interactions, splits and pictures, and the importers that make them."""
