"""``berth context``: named daemons. (Which one is in force is decided in ``berth.cli.context``.)"""
