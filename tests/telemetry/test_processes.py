"""Metrics of several processes, read in one place."""

from __future__ import annotations

import subprocess
import sys

WORKER = """
from toolpress.settings import Settings
from toolpress.telemetry.watching import watching

with watching(Settings(), worker=True) as watch:
    observer = watch.observe("notebook")
    observer.listed("tools/list")
    observer.stream("session").__enter__()
    print("counted", flush=True)
    input()
"""

PARENT = f"""
import subprocess, sys, urllib.request
from toolpress.settings import Settings
from toolpress.telemetry.watching import process_ended, watching

def scraped(url):
    text = urllib.request.urlopen(url).read().decode()
    return [line for line in text.splitlines() if line.startswith(("toolpress_lists_total", "toolpress_open_streams"))]

with watching(Settings(metrics_port=0), processes=2) as watch:
    workers = [
        subprocess.Popen([sys.executable, "-c", {WORKER!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for worker in workers:
        worker.stdout.readline()
    print(*scraped(watch.metrics_url), sep="\\n")
    workers[0].communicate(b"\\n")
    process_ended(workers[0].pid)
    print(*scraped(watch.metrics_url), sep="\\n")
    workers[1].communicate(b"\\n")
"""


def test_counters_are_sums_and_what_is_open_is_of_those_that_live() -> None:
    done = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert sorted(done.stdout.splitlines()) == [
        'toolpress_lists_total{catalog="notebook",method="tools/list"} 2.0',
        'toolpress_lists_total{catalog="notebook",method="tools/list"} 2.0',
        'toolpress_open_streams{catalog="notebook",kind="session"} 1.0',
        'toolpress_open_streams{catalog="notebook",kind="session"} 2.0',
    ]
