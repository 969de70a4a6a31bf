"""The entry point of the ``masthead`` command. Next to nothing is imported here, so that it can be interrupted silently."""

import signal
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # While modules load there is nothing to clean up: Ctrl-C then ends the process without a KeyboardInterrupt's traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from masthead.site.group import run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))
