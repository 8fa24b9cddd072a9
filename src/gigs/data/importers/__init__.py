"""Importers: from a shop's files, a database or a public data set to a catalogue."""
