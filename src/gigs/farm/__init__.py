"""A whole catalogue for several audiences, on Ray: planned, made by workers, written exactly once, and summed up."""
