"""Plays a program on a terminal, as people do with pexpect.

Standard input has JSON: {"argv": [...], "cwd": "...", "steps": [[PATTERN, KEYS], ...]}. For each step it waits until the
program has shown the pattern, and types the keys; then it waits for the end. It prints, as JSON, what was shown and the
exit status.
"""
import json
import sys

import pexpect

plan = json.load(sys.stdin)
shown = []


class Notes:
    def write(self, text):
        shown.append(text)

    def flush(self):
        pass


program, *arguments = plan["argv"]
child = pexpect.spawn(program, arguments, cwd=plan["cwd"], timeout=90, dimensions=(24, 80), encoding="latin-1")
child.logfile_read = Notes()
child.delaybeforesend = None
for pattern, keys in plan["steps"]:
    child.expect(pattern)
    child.send(keys)
child.expect(pexpect.EOF)
child.close()
print(json.dumps({"shown": "".join(shown), "status": child.exitstatus, "signal": child.signalstatus}))
