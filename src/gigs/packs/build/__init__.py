"""Building a pack from trained models and a catalogue."""
