"""How the control process writes its log: one line for each thing that happened, on stderr, and few of them.

Owns the format. What happens to cars and orders is in the journal; the log is about the process itself.
"""

from __future__ import annotations

import logging
import sys
import time


class LogLine(logging.Formatter):
    """``2026-03-01T10:00:00.123Z ERROR controller.shell.cycle CYCLE_OVERRUN ...``, always in one line."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record in one line; a traceback's lines are joined with ``|``."""
        return " | ".join(line for line in super().format(record).splitlines() if line.strip())


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send every log record of the process to stderr, in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogLine())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library, threshold in _LIBRARIES.items():
        logging.getLogger(library).setLevel(threshold)


_LIBRARIES = {"asyncua": logging.CRITICAL, "pymodbus": logging.CRITICAL, "alembic": logging.WARNING}
"""What these libraries have to say about the wire, the links say in their own words, once."""
