"""Docker's verbs about images."""
