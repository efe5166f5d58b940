"""The moment the program started: imported first, so that our own start-up is measured too."""

import time

STARTED = time.monotonic()
