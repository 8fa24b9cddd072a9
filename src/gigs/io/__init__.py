"""Files: atomic writes, hashes, output folders, third-party weights, the Hub and plug-ins."""
