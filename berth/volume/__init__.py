"""Named directories with a life of their own: made on first use, kept when containers go."""
