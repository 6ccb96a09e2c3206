import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { missingProgram } from '../../test/oracle/peers.ts'

const moduleUrl = new URL('./index.js', import.meta.url).href
const run = promisify(execFile)

/** A process whose standard input and output are a stream named `stdio`. */
function script(body: string): string {
  return `import { openStdio } from ${JSON.stringify(moduleUrl)}
    const stdio = openStdio({ signal: process.argv[1] === 'signal' })
    ${body}`
}

function start(body: string): ChildProcess & { readonly stdin: Writable; readonly stdout: Readable } {
  const stdio = ['pipe', 'pipe', 'inherit', 'ipc'] as const
  const child = spawn(process.execPath, ['--input-type=module', '-e', script(body)], { stdio: [...stdio] })
  child.stdout!.setEncoding('utf8')
  return child as ReturnType<typeof start>
}

test('bytes go in and out, and the end of the input does not end the process', async () => {
  const child = start(`
    stdio.start({
      data: (chunk) => stdio.write('<' + chunk + '>'),
      end: () => {
        stdio.write('the end')
        stdio.close().then(() => setImmediate(() => { console.log(', and on'); process.disconnect() }))
      },
    })`)
  let output = ''
  child.stdout.on('data', (text: string) => {
    output += text
    if (output === '<hello>') child.stdin.end()
  })
  child.stdin.write('hello')
  const [status] = await once(child, 'exit')
  assert.equal(output, '<hello>the end, and on\n')
  assert.equal(status, 0)
})

test('a reader that does not read stops the writer, and not the process', async () => {
  const child = start(`
    stdio.start({ data: () => undefined, drain: () => stdio.close().then(() => process.disconnect()) })
    const piece = new Uint8Array(65536).fill(0x78)
    let pieces = 1
    while (stdio.write(piece)) pieces++
    for (; pieces < 100; pieces++) stdio.write(piece)
    setImmediate(() => process.send(stdio.buffered))`)
  const [buffered] = await once(child, 'message')
  assert.ok(buffered > 90 * 65536, String(buffered))
  let bytes = 0
  child.stdout.on('data', (text: string) => {
    bytes += text.length
  })
  const [status] = await once(child, 'close')
  assert.deepEqual([status, bytes], [0, 100 * 65536])
})

/** Runs a process on a terminal, types what it is told to, and tells what the terminal shows and how it was set. */
const onTerminal = `
import os, pty, select, subprocess, sys, termios
master, slave = pty.openpty()
echo = lambda: bool(termios.tcgetattr(slave)[3] & termios.ECHO)
child = subprocess.Popen(sys.argv[2:], stdin=slave, stdout=slave)
shown = b''
typed = False
while child.poll() is None:
  if select.select([master], [], [], 0.02)[0]: shown += os.read(master, 1000)
  if b'ready' in shown and not typed:
    typed = True
    print(echo())
    os.write(master, eval(sys.argv[1]))
while select.select([master], [], [], 0)[0]: shown += os.read(master, 1000)
print(echo(), child.returncode, shown)
`

async function typeInto(keys: string, body: string, ...args: string[]): Promise<string[]> {
  const child = [process.execPath, '--input-type=module', '-e', script(body), '--', ...args]
  const { stdout } = await run('python3', ['-c', onTerminal, keys, ...child])
  return stdout.split('\n')
}

const skip = missingProgram('python3')

test('a terminal passes every key on, unechoed, and is given back as it was', { skip }, async () => {
  const [during, after] = await typeInto(
    String.raw`b'a\x03\x04\r'`,
    `let keys = ''
    stdio.write('ready ')
    stdio.start({
      data(chunk) {
        keys += chunk
        if (keys.length < 4) return
        stdio.write(JSON.stringify(keys))
        stdio.close()
      },
    })`,
  )
  assert.equal(during, 'False')
  assert.equal(after, String.raw`True 0 b'ready "a\\u0003\\u0004\\r"'`)
})

test('Ctrl-C on a terminal interrupts where it may, and is no data then', { skip }, async () => {
  const [, after] = await typeInto(
    String.raw`b'a\x03b'`,
    `let keys = ''
    let interrupted = false
    const look = () => interrupted && keys === 'ab' && stdio.close().then(() => process.exit(7))
    process.on('SIGINT', () => { interrupted = true; look() })
    stdio.write('ready ')
    stdio.start({ data(chunk) { keys += chunk; look() } })`,
    'signal',
  )
  assert.equal(after, "True 7 b'ready '")
})
