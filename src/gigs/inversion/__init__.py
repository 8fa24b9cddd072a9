"""Inversion: from a photo to the latent vector that draws it."""
