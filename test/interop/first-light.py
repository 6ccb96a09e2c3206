"""A QMP client with nothing but sockets and JSON: boots GRUB's rescue CD and works with it.

    first-light.py SOCKET FOLDER

Leaves the pictures that it took in FOLDER: menu.ppm, shell.ppm, echo.ppm, again.ppm.
"""

import json
import socket
import sys
import time

path, folder = sys.argv[1:]
deadline = time.monotonic() + 240


class Monitor:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""
        self.events = []
        self.data = {}  # of the last event of each name
        assert "QMP" in self.receive(), "no greeting"

    def receive(self):
        while b"\n" not in self.buffer:
            self.socket.settimeout(max(1, deadline - time.monotonic()))
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def execute(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            message = self.receive()
            if "event" in message:
                self.events.append(message["event"])
                self.data[message["event"]] = message.get("data")
            elif "error" in message:
                raise RuntimeError(f"{command}: {message['error']['desc']}")
            else:
                return message["return"]

    def took(self, *expected):
        """The events since the last question, which must be these."""
        events, self.events = self.events, []
        assert events == list(expected), f"events {events}, expected {list(expected)}"


class Picture:
    def __init__(self, file):
        data = open(file, "rb").read()
        magic, size, depth, self.pixels = data.split(b"\n", 3)
        assert (magic, depth) == (b"P6", b"255"), (magic, depth)
        self.width, self.height = map(int, size.split())

    def lit(self, row):
        """How much of a text row (16 lines) is not black, from 0 to 1."""
        line = self.width * 3
        part = self.pixels[row * 16 * line : (row + 1) * 16 * line]
        return 1 - part.count(0) / max(1, len(part))

    def is_menu(self):
        """GRUB's menu has its selected entry on a bright bar from edge to edge, in one of the rows of its box."""
        return (self.width, self.height) == (720, 400) and any(self.lit(row) > 0.8 for row in range(4, 13))

    def last_row(self):
        """The last text row that shows anything."""
        return max((row for row in range(25) if self.lit(row) > 0), default=-1)


def second_entry_selected(shown):
    return shown.lit(4) < 0.5 and shown.lit(5) > 0.8 and shown.last_row() == 21


def picture(name):
    monitor.execute("screendump", filename=f"{folder}/{name}.ppm")
    return Picture(f"{folder}/{name}.ppm")


def wait_for_picture(name, condition):
    """Takes the picture until it shows what it should, and then until it stands still."""
    before = None
    while True:
        shown = picture(name)
        if condition(shown) and before == shown.pixels:
            return shown
        before = shown.pixels
        assert time.monotonic() < deadline, f"{name}: never seen"
        time.sleep(0.2)


def press(*codes):
    for code in codes:
        monitor.execute("send-key", keys=[{"type": "qcode", "data": code}])


monitor = Monitor(path)
assert monitor.execute("qmp_capabilities") == {}
assert monitor.execute("query-status")["status"] == "running"

while not picture("menu").is_menu():
    assert time.monotonic() < deadline, "no menu"
    time.sleep(0.2)
press("down")  # any key stops the countdown, whose line disappears
wait_for_picture("menu", second_entry_selected)

press("c")
wait_for_picture("shell", lambda shown: shown.last_row() == 8)  # the prompt
press("e", "c", "h", "o", "spc", "f", "i", "r", "s", "t", "minus", "l", "i", "g", "h", "t", "ret")
wait_for_picture("echo", lambda shown: shown.last_row() == 10)  # what it printed, and the next prompt

monitor.took()
monitor.execute("stop")
monitor.took("STOP")
assert monitor.execute("query-status") == {"status": "paused", "singlestep": False, "running": False}
stopped = picture("stopped").pixels
time.sleep(1)
assert picture("stopped").pixels == stopped, "the picture changes while the machine is stopped"
monitor.execute("cont")
monitor.took("RESUME")

monitor.execute("system_reset")
assert monitor.events[0] == "RESET"
assert monitor.data["RESET"] == {"guest": False, "reason": "host-qmp-system-reset"}, monitor.data
while not picture("again").is_menu():
    assert time.monotonic() < deadline, "no menu after the reset"
    time.sleep(0.2)
press("down")
wait_for_picture("again", second_entry_selected)
assert set(monitor.events) == {"RESET"}, monitor.events
monitor.events.clear()

monitor.execute("quit")
monitor.took("SHUTDOWN")
assert monitor.data["SHUTDOWN"] == {"guest": False, "reason": "host-qmp-quit"}, monitor.data
try:
    print("after quit:", monitor.receive())
    sys.exit(1)
except (EOFError, ConnectionResetError):
    print("first light: done")
