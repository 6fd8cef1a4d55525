"""What every test stands on."""

from __future__ import annotations

import signal

# A shell ignores these for what it runs in the background or under nohup, and every child inherits that: programs
# would be deaf to the ctrl+c and the hang-up that tests send them. What has a handler is back to normal in a child.
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)
