"""Run a command and write its peak resident bytes to a file: peak_memory.py FILE COMMAND...

A process of its own, because a child counts the memory of the process that forked it.
"""

import os
import resource
import subprocess
import sys

done = subprocess.run(sys.argv[2:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
# Kilobytes on Linux, bytes on macOS.
peak *= 1 if sys.platform == "darwin" else 1024
with open(sys.argv[1], "w") as file:
    file.write(str(peak))
os._exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)
