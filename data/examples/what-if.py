#!/usr/bin/env python3
"""what-if.py - libwpsim from Python: how a queue does with given traffic, and with other sizes.

    what-if.py WORKERS QUEUE < requests

Each line of the input has a request's arrival and its service time, in seconds, in order of arrival. The
output has a line for these sizes, for one worker more, and for twice the queue.
"""
import sys

import gi

gi.require_version("Wpsim", "0")
from gi.repository import GLib, Wpsim


def simulate(requests, workers, queue):
    """One model for one size: feed it, then ask."""
    model = Wpsim.Model.new(Wpsim.Mode.WORKER_POOL, workers, queue)
    for arrival_ns, service_ns in requests:
        model.feed(arrival_ns, service_ns)
    return model.finish()[1]


def report(requests, workers, queue):
    result = simulate(requests, workers, queue)
    print(f"workers {workers}, queue {queue}: depth {result.depth_mean:.2f} on average, {result.depth_peak} at most; "
          f"wait p50 {result.wait.p50 / 1e9:.3f} s, p99 {result.wait.p99 / 1e9:.3f} s; "
          f"{result.blocked} of {result.requests} blocked")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: what-if.py WORKERS QUEUE < requests")
    workers, queue = int(sys.argv[1]), int(sys.argv[2])
    requests = [[round(float(word) * 1e9) for word in line.split()] for line in sys.stdin]
    try:
        for sizes in (workers, queue), (workers + 1, queue), (workers, 2 * queue):
            report(requests, *sizes)
    except GLib.Error as error:
        sys.exit(f"what-if.py: {error.message}")


if __name__ == "__main__":
    main()
