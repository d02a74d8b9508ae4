"""Configuration, sockets, signals, restore, shutdown: puts the house together."""
