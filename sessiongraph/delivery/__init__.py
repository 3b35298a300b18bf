"""Webhooks, delivered: from a dataset's commit log, signed, to addresses that may be called, at least once.

What happened is in `events`, where to is checked in `addresses`, how it is sent in `sending`, what is due in
`deliver`. Whose a hook is belongs to `sessiongraph/access/webhooks.py`.
"""
