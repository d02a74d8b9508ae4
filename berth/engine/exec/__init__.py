"""Exec sessions: commands run beside a container's own process."""
