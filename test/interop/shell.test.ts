/** `vmon shell`: what it tells of a server's commands, what it thinks was meant, and how long it waits. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Program, qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'
import { playOnTerminal, withoutTerminal } from './terminal.ts'

const machine = ['-display', 'none', '-nodefaults', '-S', '-name', 'box', '-qmp', 'unix:qmp.sock,server=on,wait=off']
const shell = [...vmon.command, 'shell']
const inShell = shell.map((word) => `'${word}'`).join(' ')

async function onServer<T>(program: Program, play: (server: Server) => Promise<T>): Promise<T> {
  await using server = await Server.start([...program.command, ...machine])
  await server.listening('qmp.sock')
  return await play(server)
}

for (const program of [vmon, qemu]) {
  describe(`vmon shell with a server of ${program.name}`, { skip: program.skip }, () => {
    it('tells the commands of the server, and the arguments of one', () =>
      onServer(program, async (server) => {
        const said = async (words: string) => (await server.shell(`${inShell} ${words}`)).output
        assert.match(await said('qmp.sock help'), /\bquery-status\n.*help COMMAND tells/s)
        const screendump = await said('qmp.sock help screendump')
        assert.match(screendump, /^screendump\n\n.+\n\nArguments/)
        assert.match(screendump, /^ {2}filename +string$/m)
        assert.match(screendump, /^ {2}format +\[\w+\|\w+\]$/m)
        assert.match(await said('qmp.sock help query-kvm'), /takes no arguments.*Returns \{ enabled, present \}/s)
        assert.equal(
          await said('qmp.sock help query-kvn'),
          "vmon shell: there is no command 'query-kvn'; did you mean 'query-kvm'?\n",
        )
      }))

    it('tells them as lines of JSON where those are wanted', () =>
      onServer(program, async (server) => {
        const { output } = await server.shell(
          `${inShell} --json qmp.sock help; printf 'help query-kvm\\nquery-name\\n' | ${inShell} --json qmp.sock`,
        )
        const answers = output
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { return: unknown }).return)
        assert.equal(answers.length, 3)
        assert.match(String(answers[0]), /\bquery-status\n/)
        assert.match(String(answers[1]), /^query-kvm\n/)
        assert.deepEqual(answers[2], { name: 'box' })
      }))

    it('says what may have been meant', () =>
      onServer(program, async (server) => {
        const lines = ['qurey-status', 'screendump filname=x filename=y', 'nothing-like-it', 'help query-name']
        const { status, output } = await server.shell(
          `printf '%s\\n' '${lines.join("' '")}' | ${inShell} qmp.sock 2>&1`,
        )
        assert.equal(status, 1)
        assert.match(output, /CommandNotFound: .* has not been found; did you mean 'query-status'\?$/m)
        assert.match(output, /Parameter 'filname' is unexpected; did you mean 'filename'\?$/m)
        assert.match(output, /nothing-like-it has not been found$/m)
        assert.match(output, /^query-name\n/m)
      }))

    it('completes what is typed at once', { skip: withoutTerminal }, () =>
      onServer(program, async (server) => {
        const { status } = await playOnTerminal(['env', 'HOME=.', ...shell, 'qmp.sock'], server.directory, [
          ['\\(qmp\\) ', 'query-nam\t\r'],
          ['"name": "box"', 'query-vers\t\r'],
          ['"package"', 'hel\t query-kv\t\r'],
          ['Returns', '\x04'],
        ])
        assert.equal(status, 0)
      }),
    )
  })
}

describe('vmon shell --timeout', () => {
  it('ends when a server that listens says nothing', async () => {
    const silent = [process.execPath, '-e', "require('net').createServer(() => {}).listen('silent.sock')"]
    await using server = await Server.start(silent)
    await server.listening('silent.sock')
    const complaint = 'vmon shell: Connecting to silent.sock took longer than 100 ms\n'
    for (const input of ['query-status', '< /dev/null'])
      assert.deepEqual(await server.shell(`${inShell} --timeout 0.1 silent.sock ${input}`), {
        status: 2,
        output: complaint,
      })
  })

  it('ends when the monitor has a client already', { skip: qemu.skip }, () =>
    onServer(qemu, async (server) => {
      using _first = await PlainClient.open(server.path('qmp.sock'))
      const { output } = await server.shell(`${inShell} --timeout 0.1 qmp.sock query-status`)
      assert.equal(output, 'vmon shell: Connecting to qmp.sock took longer than 100 ms\n')
    }),
  )
})
