"""HTTP/1.1 over unix sockets, TCP and TLS, with takeover of the raw connection.

Parsing and limits are h11's; this room owns the sockets, the flow of bytes and the life of a request. It
knows nothing of Docker's API: a handler gets a ``Request`` and answers with one of three things, a
``Response``, a ``StreamResponse`` or a ``Takeover``.
"""
