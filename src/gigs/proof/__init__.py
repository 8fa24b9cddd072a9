"""From promise to proof: what a test with people found, beside what was promised, and what many tests teach."""
