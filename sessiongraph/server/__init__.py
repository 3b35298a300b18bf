"""The service: the functions of the client over HTTP, as pages, and as tools of the Model Context Protocol.

`app` puts it together: `guard`, `admission` and `body_limits` stand before everything and say who may come in with
what, `routes/` has the REST functions by their group, `explorer/` the pages for people, `mcp_server` the tools of
agents, `persister` sees to it that what is said is persisted where no Dagster daemon does, and `problems` is how errors
are told.

Invariants: a string from outside is text, never a path or an address; who acts is who the key belongs to, never an
argument; what is refused is told as a problem document (RFC 9457). What a function does stands in the Python API, which
every route calls once. FastAPI and the MCP SDK are imported when a server is made, not before.
"""
