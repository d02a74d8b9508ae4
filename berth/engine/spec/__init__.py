"""What a client asks for, as typed records with the wire names of Docker's API and its zero values."""
