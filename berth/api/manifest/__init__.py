"""``/berth/manifests``: registries for the client's ``manifest``; it is the daemon that knows them."""
