/** `vmon top`: many machines at a glance, vmon's and QEMU's. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { playOnTerminal, withoutTerminal } from './terminal.ts'

const frozen = ['-display', 'none', '-nodefaults', '-S']

async function started(t: TestContext, ...command: readonly string[]): Promise<Server> {
  const server = await Server.start(command)
  t.after(() => server[Symbol.asyncDispose]())
  await server.listening('qmp.sock')
  return server
}

const ours = (t: TestContext, ...options: readonly string[]): Promise<Server> =>
  started(t, ...vmon.command, '-accel', 'none', ...frozen, '-qmp', 'unix:qmp.sock,server=on,wait=off', ...options)

function top(server: Server, words: string): Promise<{ status: number | null; output: string }> {
  return server.shell(`${vmon.command.map((word) => `'${word}'`).join(' ')} top ${words}`)
}

const json = (text: string) => JSON.parse(text.slice(text.indexOf('['), text.lastIndexOf(']') + 1))

describe('vmon top --json', () => {
  it('tells what machines of both kinds do, and who is out of reach', { skip: qemu.skip }, async (t) => {
    const one = await ours(t, '-name', 'one')
    const two = await started(t, ...qemu.command, ...frozen, '-name', 'two', '-qmp', 'unix:qmp.sock,server=on,wait=off')
    const { status, output } = await top(one, `--json --interval 0.1 unix:qmp.sock ${two.path('qmp.sock')} none.sock`)
    assert.equal(status, 1)
    assert.match(output, /^vmon top: none\.sock: Failed to connect to 'none\.sock': No such file or directory$/m)
    const [first, second, third] = json(output)
    const still = { readBytesPerSecond: 0, writtenBytesPerSecond: 0, readsPerSecond: 0, writesPerSecond: 0 }
    for (const [machine, name, idle] of [
      [first, 'one', { ...still, toGuestBytesPerSecond: 0, fromGuestBytesPerSecond: 0 }],
      [second, 'two', still], // QEMU counts nothing of networks
    ] as const) {
      const { cpu, ...rates } = machine.rates
      assert.deepEqual([machine.name, machine.status, machine.running, machine.cpus], [name, 'prelaunch', false, 1])
      assert.deepEqual(rates, idle)
      assert.ok(cpu >= 0, 'the threads are on this host')
    }
    assert.deepEqual(second.jobs, [])
    assert.deepEqual(third, {
      address: 'none.sock',
      error: "Failed to connect to 'none.sock': No such file or directory",
    })
  })

  it('ends with 2 if nobody is there, and refuses what makes no sense', async (t) => {
    const server = await ours(t)
    assert.deepEqual((await top(server, '--json none.sock')).status, 2)
    for (const [words, complaint] of [
      ['', 'an ADDRESS is needed; see vmon top --help'],
      ['qmp.sock --interval 0', "--interval takes a number of seconds, not '0'"],
      ['qmp.sock', 'standard input and output are no terminal; --json prints what there is'],
    ] as const)
      assert.deepEqual(await top(server, words), { status: 2, output: `vmon top: ${complaint}\n` })
    const help = await top(server, '--help')
    assert.equal(help.status, 0)
    assert.match(help.output, /^Usage: vmon top /)
  })

  it('takes fifty machines', async (t) => {
    const sockets = Array.from({ length: 50 }, (_, index) => `${index}.sock`)
    const server = await ours(t, ...sockets.flatMap((socket) => ['-qmp', `unix:${socket},server=on,wait=off`]))
    const { status, output } = await top(server, `--json --interval 0.1 ${sockets.join(' ')}`)
    assert.equal(status, 0)
    assert.equal(json(output).filter((machine: { status: string }) => machine.status === 'prelaunch').length, 50)
  })
})

describe('vmon top on a terminal', { skip: withoutTerminal }, () => {
  const command = [...vmon.command, 'top', '--interval', '0.2']

  it('draws over what it has drawn, and gives the terminal back when q or Ctrl-C ends it', async (t) => {
    const server = await ours(t, '-name', 'box')
    for (const key of ['q', '\x03']) {
      const { shown, status } = await playOnTerminal([...command, 'qmp.sock', 'none.sock'], server.directory, [
        ['box +prelaunch', ''],
        ['box +prelaunch +[0-9.]+ ', key],
      ])
      assert.equal(status, 0)
      assert.match(shown, /^\x1b\[\?1049h\x1b\[\?25l\x1b\[H2 machines: 0 running, 1 out of reach\x1b\[K/)
      assert.match(shown, /\x1b\[\?25h\x1b\[\?1049l$/)
    }
  })

  it('says why if nobody is there, and leaves the terminal alone', async (t) => {
    const server = await ours(t)
    const { shown, status } = await playOnTerminal([...command, 'none.sock'], server.directory, [])
    assert.equal(status, 2)
    assert.equal(shown, "vmon top: none.sock: Failed to connect to 'none.sock': No such file or directory\r\n")
  })
})
