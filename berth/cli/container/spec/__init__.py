"""The flags that describe a new container, and the request that they become (``run`` and ``create``)."""
