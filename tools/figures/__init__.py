"""Figures in README and guides: kept in one file with how they were measured, and filled into the texts from it."""
