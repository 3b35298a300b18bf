"""What the Python API and the Dagster project share: asset keys, versions, metadata, events, instance, run launcher."""
