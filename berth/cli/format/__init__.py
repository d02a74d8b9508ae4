"""How the client writes: tables, Go templates, Go-style JSON and human wording, as Docker's client does.

``text``, ``table`` and ``rows`` are on the start path of ``ps`` and ``images``; everything else is
imported only when ``--format`` or an inspect asks for it.
"""
