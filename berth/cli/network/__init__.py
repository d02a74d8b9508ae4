"""Docker's verbs about networks."""
