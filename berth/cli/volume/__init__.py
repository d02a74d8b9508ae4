"""Docker's verbs about volumes."""
