"""What every room may know: errors, identifiers, references, units, tasks."""
