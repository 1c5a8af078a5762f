"""Where the package's lines of text go."""

from __future__ import annotations

import logging
import sys

from lamina.keras.config import is_interactive_logging_enabled

_LOGGER = logging.getLogger("lamina")


def print_msg(message: str, line_break: bool = True) -> None:
    """Write to standard output, or to `logging` when interactive logging is off.

    Args:
        message: the text.
        line_break: whether a new line follows.
    """
    text = f"{message}\n" if line_break else message
    if not is_interactive_logging_enabled():
        _LOGGER.info(message)
        return
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        sys.stdout.write(text.encode("ascii", errors="replace").decode("ascii"))
    sys.stdout.flush()
