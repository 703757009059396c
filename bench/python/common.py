"""What every script shares: the loop to measure and the shape of the answer."""
import asyncio
import gc
import json
import sys
import time

MODULE, SPEC = sys.argv[1], json.loads(sys.argv[2])
PARAMS = SPEC["params"]


def new_loop():
    """An event loop of the kind that is measured."""
    if MODULE == "uvloop":
        import uvloop
        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def answer(**metrics):
    """Prints the sample. Without a metric by allocation: Python counts none."""
    print(json.dumps({"metrics": metrics}))


def quantiles(ns):
    """p50, p90 and p99 of durations in nanoseconds, in microseconds."""
    ns = sorted(max(d, 0) for d in ns)
    pick = lambda q: ns[min(len(ns) - 1, int(len(ns) * q))] / 1e3
    return {"p50": pick(.5), "p90": pick(.9), "p99": pick(.99)}


