"""``berthd``: the daemon's entry point."""

import gc
import sys

from berth.base.errors import BerthError


def main() -> int:
    """Run the daemon until it is told to end; returns the exit status."""
    gc.disable()  # until the daemon serves
    from berth.daemon.config import parse_flags
    from berth.daemon.main import run

    try:
        return run(parse_flags(sys.argv[1:]))
    except BerthError as error:
        print(f"berthd: {error}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
