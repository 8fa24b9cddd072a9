"""Audiences of a pack and your own ones, with their tastes under every scorer."""
