"""Names of containers in user-defined networks: the name server that each of them finds at 127.0.0.11."""
