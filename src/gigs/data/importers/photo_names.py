"""Which files are photos, by their suffixes."""

READ = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".png", ".webp", ".avif")
# Looked up all the same: an item with such a photo shall be told what it is, not that it has none.
REFUSED = (".heic", ".heif", ".hif", ".gif", ".tif", ".tiff", ".bmp")
SUFFIXES = READ + REFUSED
