"""Content, layers, snapshots, names: everything an image is made of."""
