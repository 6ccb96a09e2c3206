/** The monitor of the program over every kind of character device, as those who start it would use them. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { after, test } from 'node:test'
import { ReadStream } from 'node:tty'
import { loadLibc } from '../../src/libc/index.ts'

const program = new URL('../../../bin/vmon.js', import.meta.url).pathname
const common = ['-accel', 'none', '-display', 'none', '-nodefaults']
const libc = loadLibc()
const skip = libc === undefined && 'the optional package koffi is missing'
const folder = mkdtempSync(join(tmpdir(), 'vmon-'))
after(() => rmSync(folder, { recursive: true }))

/** @param extra - what the program finds as descriptor 3 */
function vmon(args: readonly string[], extra: 'ignore' | 'pipe' | number = 'ignore'): ChildProcess {
  return spawn(process.execPath, [program, ...common, ...args], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe', extra],
  })
}

/** A QMP client over anything that reads and writes. */
class Client {
  readonly #stream: { write(text: string): unknown }
  #text = ''
  #changed = (): void => undefined

  constructor(input: NodeJS.ReadableStream, output: { write(text: string): unknown }) {
    this.#stream = output
    input.on('data', (chunk) => {
      this.#text += chunk
      this.#changed()
    })
  }

  /** Waits for the greeting, negotiates and quits. */
  async converse(): Promise<void> {
    await this.#hears('"QMP"')
    this.#stream.write('{"execute": "qmp_capabilities"}')
    await this.#hears('{"return": {}}')
    this.#stream.write('{"execute": "quit"}')
  }

  async #hears(text: string): Promise<void> {
    while (!this.#text.includes(text)) await new Promise<void>((resolve) => (this.#changed = resolve))
    this.#text = this.#text.slice(this.#text.indexOf(text) + text.length)
  }
}

async function endedWell(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 0)
}

test('standard input and output are a monitor', async () => {
  const child = vmon(['-qmp', 'stdio'])
  await new Client(child.stdout!, child.stdin!).converse()
  await endedWell(child)
})

test('a connected socket that the parent passes is a monitor, as qemu.qmp starts its machines', async () => {
  const child = vmon(['-chardev', 'socket,id=c,fd=3', '-mon', 'chardev=c,mode=control'], 'pipe')
  const socket = child.stdio[3] as Duplex
  await new Client(socket, socket).converse()
  await endedWell(child)
})

test('a listening socket that the parent passes serves a monitor, as libvirt starts its machines', {
  skip,
}, async () => {
  const server: Server & { _handle?: { fd: number } } = createServer()
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // As long as the parent listens as well, it takes connections away.
  const descriptor = libc!.func('int dup(int fd)')(server._handle!.fd)
  server.close()
  const args = ['-chardev', 'socket,id=c,fd=3,server=on,wait=off', '-mon', 'chardev=c,mode=control']
  const child = vmon(args, descriptor)
  closeSync(descriptor)
  const socket = connect({ host: '127.0.0.1', port })
  await new Client(socket, socket).converse()
  await endedWell(child)
  socket.destroy()
})

test('the program waits for its first client and removes its socket', async () => {
  const child = vmon(['-qmp', 'unix:waiting.sock,server=on'])
  const path = join(folder, 'waiting.sock')
  const [line] = await once(child.stderr!, 'data')
  const device = 'unix:waiting.sock,server=on'
  assert.equal(String(line), `vmon: -qmp ${device}: info: QEMU waiting for connection on: disconnected:${device}\n`)
  const socket = connect(path)
  await new Client(socket, socket).converse()
  await endedWell(child)
  assert.ok(!existsSync(path))
})

test('a pseudo-terminal is announced and is a monitor for whoever opens it', { skip }, async () => {
  const child = vmon(['-qmp', 'pty'])
  const [line] = await once(child.stdout!, 'data')
  const match = /^char device redirected to (\/dev\/pts\/\d+) \(label compat_monitor0\)\n$/.exec(String(line))
  assert.ok(match !== null, String(line))
  const descriptor = openSync(match[1]!, constants.O_RDWR | constants.O_NOCTTY)
  const terminal = new ReadStream(descriptor)
  await new Client(terminal, terminal).converse()
  await endedWell(child)
  terminal.destroy()
  closeSync(descriptor)
})

test('a pseudo-terminal that front ends share is announced by its own name', { skip }, async () => {
  for (const [args, label] of [
    [['-serial', 'mon:pty'], 'serial0-base'],
    [['-chardev', 'pty,id=m,mux=on', '-mon', 'm', '-serial', 'chardev:m'], 'm-base'],
  ] as const) {
    const child = vmon(args)
    const exit = once(child, 'exit')
    const [line] = await once(child.stdout!, 'data')
    assert.match(String(line), new RegExp(`^char device redirected to /dev/pts/\\d+ \\(label ${label}\\)\\n$`))
    child.kill()
    assert.deepEqual(await exit, [0, null])
  }
})
