"""Arrays that grow without being copied, and vectors in blocks: what a snapshot's memory is made of."""
