"""Docker's commands."""
