"""Session extraction: turns copied from the cache into the dataset, where they are safe."""
