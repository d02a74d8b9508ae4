"""Docker's verbs about manifests and lists of them. Lists in the making are the client's, on its disk."""
