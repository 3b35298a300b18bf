"""Retrieval: questions answered from snapshots, and turns written to the session cache.

(The package is not called `search` because that is the name of the function people import.)
"""
