"""Generators: latent vector in, picture out. One file per family; code outside does not depend on the family."""

from gigs.generator.families import (  # noqa: F401 - importing a family registers it
    biggan,
    cascade,
    diffusion,
    dvbpr_gan,
    latent_flow,
    progan,
    progan_public,
    stylegan2,
)
