"""Named directories with a life of their own."""
