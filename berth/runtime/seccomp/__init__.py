"""Which system calls a container may make: Docker's default policy as data, and profiles of users."""
