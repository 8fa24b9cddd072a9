"""Shifting: from one latent vector to n distinct, small steps away from it that an audience prefers."""
