"""Audiences of a pack, and of one's own, with their tastes under every scorer."""
