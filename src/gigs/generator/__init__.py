"""Generators: latent vector in, picture out. One file a family; nothing outside may know which family it is."""

from gigs.generator.families import (  # noqa: F401 - importing a family registers it
    biggan,
    diffusion,
    dvbpr_gan,
    latent_flow,
    progan,
    progan_public,
    stylegan2,
)
