"""The one partitioning of all assets: by dataset.

A partition's key is a dataset's key, "owner/name". Sessions are never partitions: they are run config.
"""

import dagster as dg

datasets_partitions = dg.DynamicPartitionsDefinition(name="datasets")
