"""Runs a command, and prints the time and memory it used as a last line of JSON.

It is a small process of its own, because the system never reports a lower peak memory for a child than for the process
that started it.
"""

import json
import os
import sys
import time

if __name__ == "__main__":
    began = time.perf_counter()
    pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
    _, status, usage = os.wait4(pid, 0)
    spent = {
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": time.perf_counter() - began,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    print("\n" + json.dumps(spent))
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
