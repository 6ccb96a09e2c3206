/** A machine goes from one host to another: two network namespaces with a cable between them, and nothing else in common. */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { connectQmp, type QmpClient } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Server } from '../oracle/server.ts'

const vmon = fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url))
const run = promisify(execFile)

/** Why there can be no namespaces here, or false. */
function noNamespaces(): string | false {
  const missing = missingProgram('ip') || missingProgram('qemu-img')
  if (missing !== false) return missing
  const name = `vmon-${process.pid}-probe`
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return 'network namespaces cannot be made here'
  execFileSync('ip', ['netns', 'del', name])
  return false
}

/** Two hosts that reach each other at 10.77.0.1 and 10.77.0.2. */
async function hosts(t: TestContext): Promise<readonly [string, string]> {
  const names = ['here', 'there'].map((name) => `vmon-${process.pid}-${name}`)
  const ends = names.map((_, index) => `vm${process.pid % 1_000_000}.${index}`)
  for (const name of names) {
    await run('ip', ['netns', 'add', name])
    t.after(() => run('ip', ['netns', 'del', name]))
  }
  await run('ip', ['link', 'add', ends[0]!, 'type', 'veth', 'peer', 'name', ends[1]!])
  for (const [index, name] of names.entries()) {
    const end = ends[index]!
    await run('ip', ['link', 'set', end, 'netns', name])
    await run('ip', ['-n', name, 'addr', 'add', `10.77.0.${index + 1}/24`, 'dev', end])
    await run('ip', ['-n', name, 'link', 'set', end, 'up'])
  }
  return names as [string, string]
}

interface Side {
  readonly server: Server
  readonly qmp: QmpClient
}

async function start(t: TestContext, host: string, words: readonly string[]): Promise<Side> {
  const command = ['ip', 'netns', 'exec', host, process.execPath, vmon, '-display', 'none', '-nodefaults', '-m', '16']
  const prepare = ['qemu-img create -q -f qcow2 disk.qcow2 4M']
  const drive = 'file=disk.qcow2,format=qcow2,if=ide,id=disk'
  const server = await Server.start(
    [...command, '-drive', drive, '-qmp', 'unix:qmp,server=on,wait=off', ...words],
    prepare,
  )
  t.after(() => server[Symbol.asyncDispose]())
  await server.listening('qmp')
  return { server, qmp: await connectQmp(`unix:${server.path('qmp')}`) }
}

describe('a machine between two hosts', { skip: noNamespaces() }, () => {
  it('goes with its disk, and back', async (t) => {
    const [here, there] = await hosts(t)
    let from = await start(t, here, [])
    const text = await from.qmp.execute('human-monitor-command', { 'command-line': 'qemu-io disk "write -P 5 1M 1M"' })
    assert.doesNotMatch(text, /fail/)
    for (const [index, host] of [there, here].entries()) {
      const address = `tcp:10.77.0.${2 - index}:4444`
      const to = await start(t, host, ['-incoming', address])
      await from.qmp.execute('migrate', { uri: address, blk: true })
      for (const { qmp } of [from, to]) {
        let { status, 'error-desc': why } = await qmp.execute('query-migrate')
        for (; status !== 'completed'; { status, 'error-desc': why } = await qmp.execute('query-migrate')) {
          assert.notEqual(status, 'failed', why)
          await pause(5)
        }
      }
      assert.equal((await to.qmp.execute('query-status')).status, 'running')
      await from.server.stop()
      from = to
    }
    await from.server.stop()
    const { status, output } = await from.server.shell("qemu-io -f qcow2 -c 'read -P 5 1M 1M' disk.qcow2")
    assert.equal(status, 0, output)
  })
})
