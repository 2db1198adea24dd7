"""Interrupts, as by somebody who presses Ctrl-C, at any moment of what is done."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture
def interrupted():
    """Do something again and again, until somebody presses Ctrl-C after some seconds."""

    def interrupt(*_):
        raise KeyboardInterrupt

    def until(seconds, use):
        try:
            # once more after a second, since one that strikes in a destructor is lost
            signal.setitimer(signal.ITIMER_REAL, seconds, 1)
            while True:
                use()
        except KeyboardInterrupt:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, interrupt)
    yield until
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
