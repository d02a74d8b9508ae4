"""One layer: from a tar stream to something that overlayfs can stack, and back to the same tar."""
