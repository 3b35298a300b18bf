"""Arrays and vectors that grow without being copied: the memory of a snapshot."""
