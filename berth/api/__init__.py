"""The Docker Engine API: parse a request, call one verb of the engine, shape its answer as JSON.

Nothing is decided here. ``routes`` lists every endpoint; ``<subject>/<verb>.py`` holds its handler;
``shape`` knows what Docker's JSON looks like in each version of the API.
"""
