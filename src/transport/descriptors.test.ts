import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { missingProgram } from '../../test/oracle/peers.ts'
import { deferred } from '../async/index.ts'
import { connectUnix, type Duplex, listenUnix, memoryPair } from './index.ts'
import { RecordingSink } from './recording-sink.ts'
import { loadScmRights } from './scm-rights.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-'))
after(() => rmSync(folder, { recursive: true }))
const skip = loadScmRights() === undefined && 'the optional package koffi is missing'
const run = promisify(execFile)
let count = 0

interface Pair {
  readonly near: Duplex
  readonly far: Duplex
}

/** Two joined streams, and no descriptor more than before once `body` is through. */
async function withPair(body: (pair: Pair) => Promise<void>): Promise<void> {
  const before = readdirSync('/proc/self/fd').length
  const accepted = deferred<Duplex>()
  const path = join(folder, `${count++}.sock`)
  const listener = await listenUnix(path, { accept: (stream) => accepted.resolve(stream) })
  const pair = { near: await connectUnix(path), far: await accepted.promise }
  try {
    await body(pair)
  } finally {
    pair.near.destroy()
    pair.far.destroy()
    await Promise.all([pair.near.closed, pair.far.closed])
    await listener.close()
  }
  await turn()
  assert.equal(readdirSync('/proc/self/fd').length, before)
}

function openFile(name: string): { descriptor: number; inode: number } {
  const descriptor = openSync(join(folder, name), 'w+')
  return { descriptor, inode: fstatSync(descriptor).ino }
}

function inodes(descriptors: readonly number[]): number[] {
  return descriptors.map((descriptor) => fstatSync(descriptor).ino)
}

test('descriptors go with their bytes, both ways, and are the sender’s to close at once', { skip }, async () => {
  await withPair(async ({ near, far }) => {
    assert.ok(near.passesDescriptors && far.passesDescriptors)
    const [nearSink, farSink] = [new RecordingSink(), new RecordingSink()]
    near.start(nearSink)
    far.start(farSink)
    const [one, two] = [openFile('one'), openFile('two')]
    near.write('before;')
    near.write('with two;', [one.descriptor, two.descriptor])
    near.write('after')
    far.write('back', [two.descriptor])
    closeSync(one.descriptor)
    closeSync(two.descriptor)
    await farSink.until(() => farSink.text === 'before;with two;after')
    await nearSink.until(() => nearSink.text === 'back')
    assert.deepEqual(inodes(farSink.descriptors), [one.inode, two.inode])
    assert.deepEqual(inodes(nearSink.descriptors), [two.inode])
    nearSink.closeDescriptors()
    farSink.closeDescriptors()
  })
})

test('a received descriptor is not passed on to child processes', { skip }, async () => {
  await withPair(async ({ near, far }) => {
    const sink = new RecordingSink()
    near.start(new RecordingSink())
    far.start(sink)
    near.write('x', [0])
    await sink.until(() => sink.descriptors.length === 1)
    const info = readFileSync(`/proc/self/fdinfo/${sink.descriptors[0]}`, 'utf8')
    const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)![1]!, 8)
    assert.notEqual(flags & 0o2000000, 0)
    sink.closeDescriptors()
  })
})

test('one message carries up to 253 descriptors', { skip }, async () => {
  await withPair(async ({ near, far }) => {
    const sink = new RecordingSink()
    near.start(new RecordingSink())
    far.start(sink)
    near.write('x', Array(253).fill(0))
    await sink.until(() => sink.descriptors.length === 253)
    sink.closeDescriptors()
    assert.throws(() => near.write('x', Array(254).fill(0)), RangeError)
    assert.throws(() => near.write('', [0]), RangeError)
    assert.throws(() => near.write('x', [999_999]), { code: 'EBADF' })
    near.write('still there')
    await sink.until(() => sink.text === 'xstill there')
  })
})

test('descriptors wait, in order, while the peer does not read', { skip }, async () => {
  await withPair(async ({ near, far }) => {
    const sink = new RecordingSink()
    near.start(new RecordingSink())
    far.start(sink)
    far.pause()
    await turn()
    const file = openFile('late')
    const size = 100_000
    // With many small messages the socket is full at some point when nothing is being sent.
    for (let i = 0; i < 50; i++) {
      near.write(new Uint8Array(size))
      near.write('!', [file.descriptor])
      await turn()
    }
    closeSync(file.descriptor)
    assert.ok(near.buffered > 0)
    far.resume()
    await sink.until(() => sink.bytes === 50 * (size + 1))
    assert.equal(sink.descriptors.length, 50)
    assert.ok(inodes(sink.descriptors).every((inode) => inode === file.inode))
    sink.closeDescriptors()
  })
})

test('descriptors that nobody gets are closed', { skip }, async () => {
  await withPair(async ({ near, far }) => {
    near.start(new RecordingSink())
    const sink = new RecordingSink()
    far.start(sink)
    far.pause()
    await turn()
    near.write('in the socket', [0, 0])
    near.write(new Uint8Array(4 * 1024 * 1024))
    near.write('in the queue', [0, 0])
    await turn()
    near.destroy()
    const drained = far.close()
    await drained
    assert.deepEqual(sink.descriptors, [])
  })
})

test('a stream that cannot pass descriptors says so', () => {
  const [near, far] = memoryPair()
  assert.equal(near.passesDescriptors, false)
  assert.throws(() => near.write('x', [0]), { kind: 'unsupported' })
  near.destroy()
  far.destroy()
})

test('Python sends a file and gets it back', { skip: skip || missingProgram('python3') }, async () => {
  const path = join(folder, 'python.sock')
  await using listener = await listenUnix(path, {
    accept(stream) {
      const sink = new RecordingSink()
      stream.start({
        takesDescriptors: true,
        data(chunk, descriptors) {
          sink.data(chunk, descriptors)
          if (sink.descriptors.length === 0) return
          stream.write('take it back', sink.descriptors)
          sink.closeDescriptors()
        },
        end: () => void stream.close(),
      })
    },
  })
  const script = `
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
f = open(sys.argv[2], 'w+')
f.write('written by Python'); f.flush()
socket.send_fds(s, [b'here'], [f.fileno()])
data, fds, flags, _ = socket.recv_fds(s, 100, 10)
print(data.decode(), os.pread(fds[0], 100, 0).decode(), os.path.samestat(os.fstat(fds[0]), os.fstat(f.fileno())))
`
  const { stdout } = await run('python3', ['-c', script, path, join(folder, 'python')])
  assert.equal(stdout, 'take it back written by Python True\n')
  await listener.close()
})
