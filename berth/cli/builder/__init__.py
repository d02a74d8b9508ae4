"""Docker's verbs about the build cache."""
