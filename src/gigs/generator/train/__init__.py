"""Training of generators on a catalogue: resumable, logged, measured."""
