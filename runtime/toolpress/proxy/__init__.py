"""The stdio proxy: a server over stdio towards the host, a client over HTTP towards an MCP server that runs elsewhere.

    host ── stdin/stdout ── pipes ── host ── upstream ── link ── edge ── HTTP ── server
                                       │        │
                                     lists   keepalive

It holds no tool, resource or prompt of its own and knows no role: what the server lists for the key is what the host
sees. FastMCP's own proxy was looked at and left: it opens an upstream connection per request, knows no reconnection,
keepalive or change of lists, and takes as long to import as all of this takes to answer.
"""
