"""Docker's verbs about the daemon itself."""
