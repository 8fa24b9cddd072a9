"""The check of a catalogue before training: tables, splits and pictures, with a fix for every problem."""
