"""From typed options to the OCI runtime's ``config.json``. Pure: facts of the host come in."""
