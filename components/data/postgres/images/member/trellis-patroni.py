"""Patroni as it is, but for two of its built-in waits.

1. A lease may be shorter than 20 s, the floor of Patroni. The rule that makes a lease safe is another one, and stays:
   loop_wait + 2 x retry_timeout <= ttl. patroni-config.ts says why ours is as short as it is.
2. A PostgreSQL that is being stopped is asked every tenth of a second whether it has ended, not every second. A planned
   switchover waits for this with all its clients.
"""

import sys

import patroni.postgresql
from patroni.__main__ import main
from patroni.config import Config

SHORTEST_TTL = 10
ADJUST = "_Config__get_and_maybe_adjust_int_value"
POLLING_INTERVAL = "STOP_POLLING_INTERVAL"


def allow_shorter_ttl(adjust):
    def adjusted(self, config, param, min_value):
        return adjust(self, config, param, min(min_value, SHORTEST_TTL) if param == "ttl" else min_value)

    return adjusted


# A Patroni that keeps them elsewhere must not start with another clock than the one that was tried.
if not hasattr(Config, ADJUST) or not hasattr(patroni.postgresql, POLLING_INTERVAL):
    sys.exit("this release of Patroni keeps its waits elsewhere: see components/data/postgres/images/member/trellis-patroni.py")
setattr(Config, ADJUST, allow_shorter_ttl(getattr(Config, ADJUST)))
setattr(patroni.postgresql, POLLING_INTERVAL, 0.1)

if __name__ == "__main__":
    main()
