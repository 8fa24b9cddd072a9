"""Is a catalogue fit to train on? Tables, splits and pictures are examined, and each finding says how to mend it."""
