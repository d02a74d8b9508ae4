"""HTTP/1.1 over unix and TCP sockets, with takeover of the raw connection."""
