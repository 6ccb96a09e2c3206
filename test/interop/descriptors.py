"""Passes descriptors to a server over its QMP socket, as managers do, and prints what comes of it.

    descriptors.py FOLDER PID [PAIRS]

The socket is FOLDER/qmp.sock. Numbers of descriptors are printed as N; how many of those that were passed the server
still holds is counted in /proc.
"""
import json
import os
import re
import socket
import struct
import sys

folder, pid, pairs = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 100


class Client:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(folder + '/qmp.sock')
        self.lines = self.socket.makefile('r')
        self.lines.readline()
        self.quietly('qmp_capabilities')

    def quietly(self, command, arguments=None, fds=()):
        text = json.dumps({'execute': command, **({} if arguments is None else {'arguments': arguments})})
        return self.raw(text + '\n', fds)

    def raw(self, text, fds=()):
        socket.send_fds(self.socket, [text.encode()], list(fds))
        while True:
            answer = self.lines.readline()
            if '"timestamp"' not in answer:
                return answer

    def say(self, command, arguments=None, fds=()):
        answer = self.quietly(command, arguments, fds)
        masked = re.sub(r'"fd": \d+', '"fd": N', answer.strip())
        print(command, json.dumps(arguments), '+%d' % len(fds) if fds else '', masked)
        return json.loads(answer).get('return')

    def close(self):
        self.lines.close()
        self.socket.close()


def passed(name, mode, size=0):
    path = folder + '/passed-' + name
    with open(path, 'ab') as file:
        file.truncate(size)
    return os.open(path, mode)


def held():
    """How many descriptors the server has of the files that were passed."""
    count = 0
    for name in os.listdir('/proc/%s/fd' % pid):
        try:
            count += '/passed-' in os.readlink('/proc/%s/fd/%s' % (pid, name))
        except OSError:
            pass
    return count


def holds(what):
    print('held', what, held())


log = passed('log', os.O_RDWR)
disk = passed('disk', os.O_RDWR, 1 << 20)
disk_to_read = os.open(folder + '/passed-disk', os.O_RDONLY)
client = Client()

print('# ten at once: the first is taken, the others are closed')
client.say('getfd', {'fdname': 'a'}, [log] * 10)
holds('after ten')
client.say('getfd', {'fdname': 'b'})
client.say('closefd', {'fdname': 'a'})
holds('after closefd')

print('# with what is no command, and with what fails')
print(client.raw('{"execute": }\n', [log]).strip())
holds('with garbage')
client.say('nonsense', None, [log] * 3)
holds('with another')
client.say('getfd', {'fdname': '1'}, [])
client.say('getfd', {'fdname': '1'}, [log])
client.say('add-fd', {'fdset-id': -1}, [log])
client.say('add-fd', {'fdset-id': 'x'}, [log])
client.say('getfd', {'fdname': 'kept'})
client.say('closefd', {'fdname': 'kept'})
holds('after failures')

print('# a client that leaves with some unclaimed')
client.quietly('query-name', None, [log] * 5)
holds('unclaimed')
client.say('getfd', {'fdname': 'stays'}, [log])
client.quietly('query-name', None, [log] * 2)
client.close()
client = Client()
client.say('getfd', {'fdname': 'c'})
client.say('closefd', {'fdname': 'stays'})
holds('afterwards')

print('# an image: how it is opened is chosen from the set')
client.say('add-fd', {'fdset-id': 3, 'opaque': 'to read'}, [disk_to_read])
client.say('blockdev-add', {'driver': 'file', 'filename': '/dev/fdset/3', 'node-name': 'disk'})
client.say('blockdev-add', {'driver': 'file', 'filename': '/dev/fdset/3', 'node-name': 'disk', 'read-only': True})
client.say('blockdev-del', {'node-name': 'disk'})
client.say('add-fd', {'fdset-id': 3, 'opaque': 'to write'}, [disk])
client.say('blockdev-add', {'driver': 'file', 'filename': '/dev/fdset/3', 'node-name': 'disk'})
client.say('blockdev-add', {'driver': 'raw', 'file': 'disk', 'node-name': 'raw'})
client.say('query-fdsets')
client.say('screendump', {'filename': '/dev/fdset/3'})
for name in ['', 'x', '9', '-1', ' 3', '+3', '3 ', '0x3', '03', '2147483648']:
    client.say('blockdev-add', {'driver': 'file', 'filename': '/dev/fdset/' + name, 'node-name': 'other', 'read-only': True})
    client.quietly('blockdev-del', {'node-name': 'other'})
client.say('blockdev-del', {'node-name': 'raw'})
client.say('blockdev-del', {'node-name': 'disk'})
holds('while the guest stands')

print('# a picture')
client.say('add-fd', {'fdset-id': 4}, [os.open(folder + '/passed-log', os.O_WRONLY)])
client.say('screendump', {'filename': '/dev/fdset/4'})
print(os.pread(log, 2, 0).decode(), os.fstat(log).st_size > 1000)
client.say('screendump', {'filename': '/dev/fdset/5'})
client.say('screendump', {'filename': '/dev/fdset/x'})

print('# sets end when the guest runs and nobody needs them')
client.say('remove-fd', {'fdset-id': 4})
client.say('query-fdsets')
client.quietly('cont')
client.say('query-fdsets')
client.say('remove-fd', {'fdset-id': 4})
client.say('query-fdsets')
first = client.say('add-fd', {'fdset-id': 6}, [disk])['fd']
client.say('add-fd', {'fdset-id': 6}, [disk_to_read])
client.say('blockdev-add', {'driver': 'file', 'filename': '/dev/fdset/6', 'node-name': 'used'})
answer = client.quietly('remove-fd', {'fdset-id': 6, 'fd': first})
print(answer.strip())
client.say('query-fdsets')
client.say('remove-fd', {'fdset-id': 6})
client.say('query-fdsets')
client.say('blockdev-del', {'node-name': 'used'})
client.say('query-fdsets')
client.say('remove-fd', {'fdset-id': 6, 'fd': 1})
client.say('add-fd', None, [disk])
client.say('add-fd', {'fdset-id': 1 << 62}, [disk])
client.say('add-fd', None, [disk])
client.say('query-fdsets')
holds('in sets')
for id in [0, 1, 3, 1 << 62]:
    client.say('remove-fd', {'fdset-id': id})
client.say('query-fdsets')
holds('at the end')

print('# sockets for character devices: one that listens, one that is connected')
listening = socket.socket(socket.AF_UNIX)
listening.bind(folder + '/passed.sock')
listening.listen()
client.say('getfd', {'fdname': 'listening'}, [listening.fileno()])
listening.close()
server = {'addr': {'type': 'fd', 'data': {'str': 'listening'}}, 'wait': False}
client.say('chardev-add', {'id': 'served', 'backend': {'type': 'socket', 'data': server}})
client.say('closefd', {'fdname': 'listening'})
client.say('getfd', {'fdname': 'file'}, [log])
server['addr']['data']['str'] = 'file'
client.say('chardev-add', {'id': 'no-socket', 'backend': {'type': 'socket', 'data': server}})
client.say('closefd', {'fdname': 'file'})
ours, theirs = socket.socketpair()
for protocol in ['served', 'served', 'nobody', 'compat_monitor0', '@dbus-display']:
    client.say('getfd', {'fdname': 'connected'}, [theirs.fileno()])
    client.say('add_client', {'protocol': protocol, 'fdname': 'connected'})
    client.say('closefd', {'fdname': 'connected'})
client.say('getfd', {'fdname': 'file'}, [log])
client.say('add_client', {'protocol': 'served', 'fdname': 'file'})
theirs.close()
client.say('chardev-remove', {'id': 'served'})
print(ours.recv(1))
holds('after sockets')

print('# viewers for the display: one who has to prove who it is, and one who need not')
for words in [{}, {'skipauth': False}, {'skipauth': True}, {'skipauth': True, 'tls': True}]:
    ours, theirs = socket.socketpair()
    client.say('getfd', {'fdname': 'viewer'}, [theirs.fileno()])
    theirs.close()
    client.say('add_client', {'protocol': 'vnc', 'fdname': 'viewer', **words})
    print(ours.recv(12))
    ours.send(b'RFB 003.008\n')
    print(ours.recv(2, socket.MSG_WAITALL))
    ours.close()
    client.say('closefd', {'fdname': 'viewer'})

print('# clients of SPICE: links that can be, and one of no version that is known')
for major, words in [(2, {}), (2, {'skipauth': True}), (2, {'tls': True}), (3, {})]:
    ours, theirs = socket.socketpair()
    client.say('getfd', {'fdname': 'viewer'}, [theirs.fileno()])
    theirs.close()
    answer = client.quietly('add_client', {'protocol': 'spice', 'fdname': 'viewer', **words})
    print(major, words, answer.strip())
    # For the main channel, with one word of what the client understands: the choice how to prove who it is.
    if 'error' not in answer:
        ours.send(struct.pack('<4s3I', b'REDQ', major, 2, 22) + struct.pack('<IBB4I', 0, 1, 0, 1, 0, 18, 1))
        header = ours.recv(16, socket.MSG_WAITALL)
        print(header[:4], ours.recv(4, socket.MSG_WAITALL))
    ours.close()
    client.say('closefd', {'fdname': 'viewer'})

print('# a file for a character device, and for its log')
client.say('add-fd', {'fdset-id': 1}, [os.open(folder + '/passed-log', os.O_WRONLY)])
for id, type, data in [
    ('out', 'file', {'out': '/dev/fdset/1', 'append': True}),
    ('logged', 'null', {'logfile': '/dev/fdset/1'}),
    ('both', 'file', {'out': '/dev/fdset/1', 'in': '/dev/fdset/1'}),
    ('none', 'file', {'out': '/dev/fdset/9'}),
    ('none', 'null', {'logfile': '/dev/fdset/9'}),
    ('none', 'pipe', {'device': '/dev/fdset/1'}),
]:
    client.say('chardev-add', {'id': id, 'backend': {'type': type, 'data': data}})
client.say('remove-fd', {'fdset-id': 1})
client.say('query-fdsets')
client.say('chardev-remove', {'id': 'out'})

print('#', 'many pairs')
for _ in range(pairs):
    id = json.loads(client.quietly('add-fd', None, [log]))['return']['fdset-id']
    client.quietly('remove-fd', {'fdset-id': id})
    client.quietly('getfd', {'fdname': 'x'}, [log])
client.say('closefd', {'fdname': 'x'})
holds('after many')
client.say('quit')
