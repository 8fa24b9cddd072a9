"""Generators: latent vector in, picture out. One file a family; nothing outside may know which family it is."""
