"""Archives: a dataset as one zip of Parquet and JSON, to be kept, or to go on elsewhere. docs/moving.md has the layout.

Invariants:
- An archive holds what the store held between two commits, row by row; what is derived (entities, facts, pages of
  changes) is derived again where it is imported.
- Nothing of an archive is taken on trust: it is looked at whole, in a folder beside the datasets, before anything of it
  can be seen. What is refused, or was killed, leaves nothing.
"""
