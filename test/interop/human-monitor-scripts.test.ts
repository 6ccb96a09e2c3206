/** Scripts and programs of others, as they drive QEMU's human monitor: each sees on vmon what it sees on QEMU. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { type Program, qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { playOnTerminal, type Step, withoutTerminal } from './terminal.ts'

const bare = ['-nodefaults', '-display', 'none', '-S']

/** Does the same with both programs, and gives back what each has shown. */
async function ofBoth<T>(play: (program: Program) => Promise<T>): Promise<{ ours: T; theirs: T }> {
  return { theirs: await play(qemu), ours: await play(vmon) }
}

/** What a program shows on a terminal that it is alone on. */
async function onTerminal(program: Program, options: readonly string[], steps: readonly Step[]) {
  const directory = await mkdtemp(join(tmpdir(), 'vmon-terminal-'))
  try {
    const { shown, ...end } = await playOnTerminal([...program.command, ...options], directory, steps)
    return { shown: shown.split('\n'), ...end }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const prompt = '\\(qemu\\) '

describe('a pexpect session', { skip: qemu.skip || withoutTerminal }, () => {
  test('completes by Tab on -monitor stdio', async () => {
    const { ours, theirs } = await ofBoth((program) =>
      onTerminal(
        program,
        [...bare, '-monitor', 'stdio', '-machine', 'pc', '-chardev', 'ringbuf,id=kept', '-chardev', 'null,id=void'],
        [
          [prompt, 'info statu\t\r'],
          [`paused.*\\n${prompt}`, 'info vers\t\r'],
          [`7\\.2\\..*\\n${prompt}`, 'sendkey ctrl-al\t'],
          [`alt_r .*\\n${prompt}.*ctrl-alt`, '-f1\r'],
          [`\\n${prompt}`, 'eje\t-f nothing\r'],
          [`not found.*\\n${prompt}`, 'x/2xb 0xffff0\r'],
          [`000ffff0.*\\n${prompt}`, 'ringbuf_write k\thello\r'],
          [`hello.*\\n${prompt}`, 'chardev-remove v\t\r'],
          [`void.*\\n${prompt}`, 'watchdog_action po\t\r'],
          [`poweroff.*\\n${prompt}`, '\x1b[A\x1b[A\x1b[A\x1b[B\x01\x04\x05\x17\x17\x17quit\r'],
        ],
      ),
    )
    assert.deepEqual(ours, theirs)
  })

  test('switches by Ctrl-A with -nographic, and ends by it', async () => {
    const { ours, theirs } = await ofBoth((program) =>
      onTerminal(
        program,
        ['-nographic', '-S', '-vga', 'none', '-nic', 'none', '-parallel', 'none'],
        [
          ['', '\x01h'],
          ['sends C-a', '\x01c'],
          [prompt, 'info status\r'],
          [`paused.*\\n${prompt}`, 'info chardev\r'],
          [`serial0.*\\n${prompt}`, '\x01c\x01c'],
          [prompt, '\x01z\x01\x01info na\x01?me\r'],
          [`\\n${prompt}`, '\x01x'],
        ],
      ),
    )
    assert.deepEqual(ours, theirs)
  })
})

/** A machine of either program, with a monitor for people on a socket. */
async function withMonitor<T>(
  program: Program,
  options: readonly string[],
  play: (server: Server) => Promise<T>,
): Promise<T> {
  await using server = await Server.start([...program.command, ...bare, ...options])
  await server.listening(options.some((option) => option.includes('qmp.sock')) ? 'qmp.sock' : 'mon.sock')
  return await play(server)
}

const onSocket = ['-monitor', 'unix:mon.sock,server=on,wait=off']

const oneLiners = [
  ['socat', "printf 'info status\\ninfo name\\n' | socat -t30 - UNIX-CONNECT:mon.sock"],
  ['socat', "echo 'print 6*7' | socat -t30 - unix-connect:mon.sock | tail -n 2"],
  ['nc', "printf 'info block\\ninfo nothing\\n' | nc -N -U mon.sock"],
  ['nc', 'echo info uuid | nc -N -U mon.sock | grep -c 00000000-0000'],
] as const

for (const [program, line] of oneLiners) {
  test(`${line.replaceAll('\\', '')} says the same on both`, {
    skip: qemu.skip || missingProgram(program),
  }, async () => {
    const { ours, theirs } = await ofBoth((each) => withMonitor(each, onSocket, (server) => server.shell(line)))
    assert.deepEqual(ours, theirs)
    assert.match(ours.output, /\S/)
  })
}

test('socat sees the machine end by quit', { skip: missingProgram('socat') }, async () => {
  await withMonitor(vmon, onSocket, async (server) => {
    const { status } = await server.shell('echo quit | socat -t30 - UNIX-CONNECT:mon.sock')
    assert.equal(status, 0)
    assert.equal((await server.ended()).status, 0)
  })
})

const source = '/usr/local/lib/vmon-peers/qemu-source/python'

test('qmp-shell -H asks the same questions and shows the same answers', {
  skip: qemu.skip || missingFile(`${source}/qemu/qmp/qmp_shell.py`, 'the source of QEMU'),
}, async () => {
  const ask = "printf 'info status\\ninfo name\\ncpu 0\\nprint 1+\\neject nothing\\nhelp stop\\n' | HOME=. PYTHONPATH="
  const line = `${ask}${source} python3 -m qemu.qmp.qmp_shell -H qmp.sock`
  const options = ['-qmp', 'unix:qmp.sock,server=on,wait=off', '-name', 'box']
  const { ours, theirs } = await ofBoth((program) => withMonitor(program, options, (server) => server.shell(line)))
  assert.deepEqual(ours, theirs)
  assert.match(ours.output, /VM status: paused/)
})

test('a telnet client talks to the monitor, and its commands stay out of it', {
  skip: qemu.skip || withoutTerminal || missingProgram('telnet'),
}, async () => {
  const { ours, theirs } = await ofBoth(async (program) => {
    await using server = await Server.start([
      ...program.command,
      ...bare,
      '-qmp',
      'unix:qmp.sock,server=on,wait=off',
      '-monitor',
      'telnet:127.0.0.1:0,server=on,wait=off',
    ])
    await server.listening('qmp.sock')
    const port = await monitorPort(server)
    const { shown } = await playOnTerminal(['telnet', '127.0.0.1', port], server.directory, [
      [prompt, 'info status\r'],
      [`paused.*\\n${prompt}`, 'info vers\t\r'],
      [`7\\.2\\..*\\n${prompt}`, 'quit\r'],
    ])
    return shown.replaceAll(port, 'PORT').split('\n')
  })
  assert.deepEqual(ours, theirs)
})

/** The port that the system has given to the monitor. */
async function monitorPort(server: Server): Promise<string> {
  const { stdout } = await promisify(execFile)(vmon.command[0]!, [
    ...vmon.command.slice(1),
    ...['shell', '-H', server.path('qmp.sock'), 'info chardev'],
  ])
  return /telnet:127\.0\.0\.1:(\d+)/.exec(stdout)![1]!
}
