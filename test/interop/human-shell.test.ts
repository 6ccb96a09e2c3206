/** `vmon shell -H`: the human monitor over QMP, vmon's and QEMU's. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Program, qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { playOnTerminal, withoutTerminal } from './terminal.ts'

const machine = ['-display', 'none', '-nodefaults', '-S', '-name', 'box', '-qmp', 'unix:qmp.sock,server=on,wait=off']
const shell = [...vmon.command, 'shell', '-H']

function beside(server: Server, words: string): Promise<{ status: number | null; output: string }> {
  return server.shell(`${shell.map((word) => `'${word}'`).join(' ')} ${words}`)
}

async function onServer<T>(program: Program, play: (server: Server) => Promise<T>): Promise<T> {
  await using server = await Server.start([...program.command, ...machine])
  await server.listening('qmp.sock')
  return await play(server)
}

for (const program of [vmon, qemu]) {
  describe(`vmon shell -H with a server of ${program.name}`, { skip: program.skip }, () => {
    it('runs a line of words, in which dashes are the monitor’s', async () => {
      await onServer(program, async (server) => {
        const said = async (words: string) => (await beside(server, words)).output
        assert.equal(await said('qmp.sock info name'), 'box\n')
        assert.equal(await said('unix:qmp.sock eject -f nothing'), "Error: Device 'nothing' not found\n")
        assert.equal(await said('--json qmp.sock print 6*7'), '{"return": "0x2a\\r\\n"}\n')
        assert.equal(await said('--timeout 60 qmp.sock nosuch --json'), "unknown command: 'nosuch'\n")
        assert.deepEqual(await beside(server, 'qmp.sock'), { status: 0, output: '' })
        assert.equal((await beside(server, 'none.sock info name')).status, 2)
      })
    })

    it('reads lines from standard input', async () => {
      await onServer(program, async (server) => {
        const { status, output } = await server.shell(
          `printf 'info status\\n\\ncpu 0\\nprint 1+1\\n' | ${shell.map((word) => `'${word}'`).join(' ')} qmp.sock`,
        )
        assert.deepEqual({ status, output }, { status: 0, output: 'VM status: paused (prelaunch)\n0x2\n' })
      })
    })

    it('completes commands, topics and names on a terminal', { skip: withoutTerminal }, async () => {
      await onServer(program, async (server) => {
        const { status } = await playOnTerminal(['env', 'HOME=.', ...shell, 'qmp.sock'], server.directory, [
          ['\\(qemu\\) ', 'print 0\r'],
          ['0', 'system_powerd\t'],
          ['own ', '\x15info uu\t'],
          ['id ', '\r'],
          ['00000000-0000-0000-0000-000000000000', '\x1b[A\x1b[A'],
          ['system_powerdown|print 0', '\x15\x04'],
        ])
        assert.equal(status, 0)
      })
    })
  })
}
