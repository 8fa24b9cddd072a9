"""gigs: GAN Inversion & Guided Shifting. Redesigns of a product photo that a named audience would prefer."""
