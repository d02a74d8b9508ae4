"""What Docker's JSON looks like, by API version; pure functions from records to dicts."""
