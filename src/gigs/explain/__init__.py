"""What a redesign changes, in words and colours: palette, lightness, pattern, outline, and where."""
