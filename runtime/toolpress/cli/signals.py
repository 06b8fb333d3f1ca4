"""Stop on SIGTERM and SIGINT."""

from __future__ import annotations

import signal
import threading
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def wait_for_stop() -> None:
    """Block the main thread until one of the signals comes."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in STOP_SIGNALS}
    try:
        stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
