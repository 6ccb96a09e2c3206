/** Descriptors over a real socket, by a client that has nothing of ours (descriptors.py), on vmon and on QEMU. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { loadLibc } from '../../src/libc/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { type Program, qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

const script = fileURLToPath(new URL('../../../test/interop/descriptors.py', import.meta.url))
const skip = (loadLibc() === undefined && 'the optional package koffi is missing') || missingProgram('python3')
const display = ['-object', 'tls-creds-anon,id=tls0,endpoint=server', '-vnc', 'none,password=on,tls-creds=tls0']
const options = [
  ...display,
  '-spice',
  'unix=on,addr=spice.sock',
  '-nodefaults',
  '-vga',
  'std',
  '-display',
  'none',
  '-S',
  '-qmp',
  'unix:qmp.sock,server=on,wait=off',
]

/** How many pairs of add-fd and remove-fd are said. */
const pairs = process.env['VMON_DESCRIPTOR_PAIRS'] ?? '10000'

async function conversation({ command }: Program, count: string): Promise<string> {
  await using server = await Server.start([...command, ...options])
  await server.listening('qmp.sock')
  const { stdout } = await promisify(execFile)('python3', [script, server.directory, `${server.pid}`, count])
  assert.equal((await server.exited).status, 0)
  return stdout
}

test('descriptors that a client passes do, live and end as in QEMU, and none stays behind', {
  skip: skip || qemu.skip,
}, async () => {
  const [expected, heard] = await Promise.all([conversation(qemu, '10'), conversation(vmon, pairs)])
  assert.equal(heard, expected)
  assert.match(heard, /held at the end 0\n/)
  assert.match(heard, /held after sockets 0\n/)
  assert.equal(heard.match(/^b'REDQ' b'\\x00\\x00\\x00\\x00'$/gm)?.length, 2)
})
