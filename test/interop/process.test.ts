/** The process seen from a terminal: what its options do, say and leave behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'

const machine = ['-accel', 'none', '-display', 'none', '-nodefaults']
const socketOption = 'unix:qmp.sock,server=on,wait=off'
const monitor = ['-qmp', socketOption]

function start(...options: readonly string[]): Promise<Server> {
  return Server.start([...vmon.command, ...options])
}

/** How a process ends that is expected to end by itself, and what it said on its two outputs. */
async function outcome(...options: readonly string[]): Promise<{ status: number | null; said: string }> {
  await using server = await start(...options)
  const { status, stderr } = await server.ended()
  return { status, said: stderr }
}

/** A machine with one monitor, for as long as the test runs. */
async function running(t: TestContext, ...options: readonly string[]): Promise<Server> {
  const server = await start(...machine, ...monitor, ...options)
  t.after(() => server[Symbol.asyncDispose]())
  await server.listening('qmp.sock')
  return server
}

/** Runs `vmon` with these words in a server's directory. */
function beside(server: Server, words: string): Promise<{ status: number | null; output: string }> {
  return server.shell(`${vmon.command.map((word) => `'${word}'`).join(' ')} ${words}`)
}

/** The first line that a socket sends. */
async function firstLine(path: string): Promise<string> {
  const socket = connect(path).setEncoding('utf8')
  let text = ''
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  while (!text.includes('\n')) await once(socket, 'data')
  socket.destroy()
  return text.slice(0, text.indexOf('\n')).trimEnd()
}

/** Waits until a process that is not our child has ended; a zombie has. */
async function processGone(pid: number): Promise<void> {
  for (let tries = 2000; tries > 0; tries--) {
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
    if (state === undefined || / Z /.test(state)) return
    await pause(5)
  }
  process.kill(pid, 'SIGKILL')
  assert.fail(`process ${pid} runs on`)
}

describe('the process, told to end by a signal', { concurrency: 3 }, () => {
  for (const [signal, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    it(`says which one it was: ${signal}`, async (t) => {
      const server = await running(t, '-pidfile', 'pid')
      using client = await PlainClient.open(server.path('qmp.sock'))
      const { status, stderr } = await server.stop(signal)
      await client.closed
      assert.deepEqual([status, stderr], [0, `vmon: terminating on signal ${number}\n`])
      assert.deepEqual(
        client.events.map(({ event, data }) => [event, data]),
        [['SHUTDOWN', { guest: false, reason: 'host-signal' }]],
      )
      assert.deepEqual(await readdir(server.directory), [])
    })
  }

  it('runs until then even without a monitor', async (t) => {
    const server = await start(...machine, '-pidfile', 'pid', '-serial', socketOption)
    t.after(() => server[Symbol.asyncDispose]())
    await server.listening('qmp.sock')
    assert.equal(server.gone.aborted, false)
    assert.deepEqual(await server.stop(), { status: 0, signal: null, stderr: 'vmon: terminating on signal 15\n' })
    assert.deepEqual(await readdir(server.directory), [])
  })

  it('runs until then with nothing to listen on at all', async () => {
    await using server = await start(...machine, '-d', 'machine', '-D', 'log', '-pidfile', 'pid')
    while ((await readFile(server.path('pid'), 'utf8').catch(() => '')) === '') {
      assert.equal(server.gone.aborted, false)
      await pause(5)
    }
    const early = await Promise.race([server.exited, pause(500)])
    assert.equal(early, undefined, 'it ended by itself')
    assert.equal((await server.stop()).status, 0)
    assert.deepEqual(await readdir(server.directory), ['log'])
  })
})

describe('options about the process', { concurrency: 3 }, () => {
  it('-pidfile holds the number of the process', async (t) => {
    const server = await running(t, '-pidfile', 'pid')
    const pid = Number(await readFile(server.path('pid'), 'utf8'))
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    assert.ok(commandLine.includes(socketOption), commandLine)
    assert.equal(await readFile(`/proc/${pid}/cwd/pid`, 'utf8'), `${pid}\n`)
  })

  it('-pidfile that cannot be written ends the start', async () => {
    assert.deepEqual(await outcome(...machine, '-pidfile', 'no/such/pid'), {
      status: 1,
      said: "vmon: cannot create PID file: Could not create 'no/such/pid': No such file or directory\n",
    })
  })

  it('-daemonize returns once the machine listens, lets go of the outputs, and leaves nothing after quit', async () => {
    await using parent = await start(...machine, ...monitor, '-daemonize', '-pidfile', 'pid')
    // The outputs are pipes: they end only when the daemon holds them no more.
    const { status, stderr } = await parent.ended()
    assert.deepEqual([status, stderr], [0, ''])
    const pid = Number(await readFile(parent.path('pid'), 'utf8'))
    try {
      using client = await PlainClient.open(parent.path('qmp.sock'))
      assert.deepEqual(await client.execute('query-status'), { status: 'running', singlestep: false, running: true })
      await client.execute('quit')
      await client.closed
      await processGone(pid)
    } catch (error) {
      process.kill(pid, 'SIGKILL')
      throw error
    }
    assert.deepEqual(await readdir(parent.directory), [])
  })

  it('-daemonize ends a daemon on a signal, although nobody reads what it says', async () => {
    await using parent = await start(...machine, ...monitor, '-daemonize', '-pidfile', 'pid')
    assert.equal((await parent.ended()).status, 0)
    const pid = Number(await readFile(parent.path('pid'), 'utf8'))
    process.kill(pid, 'SIGTERM')
    await processGone(pid)
    assert.deepEqual(await readdir(parent.directory), [])
  })

  it('-daemonize tells why the machine did not start', async () => {
    assert.deepEqual(await outcome(...machine, '-daemonize', '-hda', 'none.img'), {
      status: 1,
      said: "vmon: -hda none.img: Could not open 'none.img': No such file or directory\n",
    })
  })

  it('-d trace:qmp -D writes the conversation to a file', async (t) => {
    const server = await running(t, '-d', 'trace:qmp', '-D', 'log')
    using client = await PlainClient.open(server.path('qmp.sock'))
    await client.execute('query-name')
    client.write({ execute: 'quit' })
    assert.deepEqual(await server.ended(), { status: 0, signal: null, stderr: '' })
    const log = await readFile(server.path('log'), 'utf8')
    assert.match(log, /^trace:qmp: sent .*QMP/m)
    assert.match(log, /^trace:qmp: received .*query-name/m)
    assert.match(log, /^trace:qmp: sent .*return/m)
  })

  it('-version and -help answer and end', async () => {
    const version = await outcome('-version')
    assert.equal(version.status, 0)
    assert.match(version.said, /^vmon version \d/)
    const help = await outcome('-help')
    assert.equal(help.status, 0)
    for (const option of ['-cdrom', '-qmp', '-daemonize', '-pidfile']) assert.ok(help.said.includes(option), option)
  })

  for (const [words, said] of [
    [['-bogus'], 'vmon: -bogus: invalid option\n'],
    [['-m'], 'vmon: -m: requires an argument\n'],
    [['-gdb', 'stdio'], "vmon: -gdb stdio: this option of QEMU's is not available in vmon\n"],
  ] as const) {
    it(`${words.join(' ')} is refused`, async () => {
      assert.deepEqual(await outcome(...words), { status: 1, said })
    })
  }

  it('the script of `vmon completion bash` is one, and completes options', async (t) => {
    const server = await running(t)
    assert.deepEqual(await beside(server, 'completion bash > script && bash -n script'), { status: 0, output: '' })
    const complete = 'source ./script; COMP_WORDS=(vmon -daem); COMP_CWORD=1; _vmon; echo "$COMPREPLY"'
    assert.deepEqual(await server.shell(`bash -c '${complete}'`), { status: 0, output: '-daemonize\n' })
  })
})

describe("monitors' sockets", { concurrency: 3 }, () => {
  it('-S leaves the machine in prelaunch', async (t) => {
    const server = await running(t, '-S')
    using client = await PlainClient.open(server.path('qmp.sock'))
    assert.deepEqual(await client.execute('query-status'), { status: 'prelaunch', singlestep: false, running: false })
  })

  it('-qmp-pretty indents, and stands beside a plain one', async (t) => {
    const server = await running(t, '-qmp-pretty', 'unix:pretty.sock,server=on,wait=off')
    await server.listening('pretty.sock')
    assert.equal(await firstLine(server.path('pretty.sock')), '{')
    assert.match(await firstLine(server.path('qmp.sock')), /^\{"QMP": .*\}$/)
  })

  it('two of them have clients of their own and the same machine', async (t) => {
    const server = await running(t, '-qmp', 'unix:two.sock,server=on,wait=off')
    await server.listening('two.sock')
    using one = await PlainClient.open(server.path('qmp.sock'))
    using two = await PlainClient.open(server.path('two.sock'))
    await one.execute('stop')
    await two.until(({ event }) => event === 'STOP')
    await two.execute('cont')
    await one.until(({ event }) => event === 'RESUME')
  })

  it('are for their owner only', async (t) => {
    const server = await running(t)
    assert.equal((await stat(server.path('qmp.sock'))).mode & 0o077, 0) // from its first instant
    using client = await PlainClient.open(server.path('qmp.sock'))
    assert.equal((await stat(server.path('qmp.sock'))).mode & 0o777, 0o600) // a server that greets has finished it
    await client.execute('query-status')
  })

  it('are not taken from a process that listens', async (t) => {
    const server = await running(t)
    using client = await PlainClient.open(server.path('qmp.sock'))
    assert.deepEqual(await beside(server, `-accel none -display none -qmp ${socketOption}`), {
      status: 1,
      output: `vmon: -qmp ${socketOption}: Failed to bind socket to qmp.sock: Address already in use\n`,
    })
    await client.execute('query-status')
    using later = await PlainClient.open(server.path('qmp.sock'))
    await later.execute('query-status')
  })

  it('take the place of one that a dead process has left', async (t) => {
    const server = await running(t)
    await server.stop('SIGKILL')
    assert.ok((await stat(server.path('qmp.sock'))).isSocket())
    const start = `-accel none -display none -daemonize -pidfile pid -qmp ${socketOption}`
    assert.deepEqual(await beside(server, start), { status: 0, output: '' })
    const pid = Number(await readFile(server.path('pid'), 'utf8'))
    process.kill(pid, 'SIGTERM')
    await processGone(pid)
    assert.deepEqual(await readdir(server.directory), [])
  })

  it('do not take the place of a file of another kind', async () => {
    await using server = await start('-version')
    await server.ended()
    await writeFile(server.path('qmp.sock'), 'precious')
    const { status } = await beside(server, `-accel none -display none -qmp ${socketOption}`)
    assert.equal(status, 1)
    assert.equal(await readFile(server.path('qmp.sock'), 'utf8'), 'precious')
  })
})

describe('vmon shell with a command', () => {
  it('prints the answer, and tells by its exit status how it went', async (t) => {
    const server = await running(t)
    const plain = await beside(server, 'shell qmp.sock query-status')
    assert.equal(plain.status, 0)
    assert.deepEqual(JSON.parse(plain.output), { status: 'running', singlestep: false, running: true })
    assert.deepEqual(await beside(server, 'shell --json unix:qmp.sock query-status'), {
      status: 0,
      output: '{"return": {"singlestep": false, "status": "running", "running": true}}\n',
    })
    assert.deepEqual(await beside(server, 'shell qmp.sock screendump'), {
      status: 1,
      output: "vmon shell: GenericError: Parameter 'filename' is missing\n",
    })
    assert.deepEqual(await beside(server, 'shell nobody.sock query-status'), {
      status: 2,
      output: "vmon shell: Failed to connect to 'nobody.sock': No such file or directory\n",
    })
    assert.equal((await beside(server, 'shell qmp.sock quit')).status, 0)
    assert.deepEqual(await server.ended(), { status: 0, signal: null, stderr: '' })
  })
})
