import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { startMachine } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-dump-'))
after(() => rmSync(folder, { recursive: true }))
const run = promisify(execFile)

test('tcpdump reads what filters have kept of a back end, both ways', { skip: missingProgram('tcpdump') }, async () => {
  const file = (name: string): string => join(folder, `${name}.pcap`)
  const filter = (id: string, more: string): string => `filter-dump,id=${id},netdev=n,file=${file(id)}${more}`
  await using machine = await startMachine({
    ...{ accel: 'none', memory: 16, noDefaults: true },
    netdevs: ['user,id=n,hostfwd=tcp:127.0.0.1:0-:22'],
    devices: ['e1000,netdev=n'],
    objects: [filter('all', ''), filter('in', ',queue=rx'), filter('out', ',queue=tx,maxlen=20,position=head')],
  })
  const { qmp } = machine
  await qmp.execute('announce-self', { initial: 50, max: 550, rounds: 1, step: 50 })
  const usernet = await qmp.execute('human-monitor-command', { 'command-line': 'info usernet' })
  const port = Number(/TCP\[HOST_FORWARD\] +-?\d+ +127\.0\.0\.1 +(\d+)/.exec(usernet)?.[1])
  const caller = connect(port, '127.0.0.1')
  await once(caller, 'connect')
  caller.on('error', () => undefined) // its network goes
  // The guest is looked for, and answers nothing.
  let seen = ''
  const read = async (id: string): Promise<string> => (await run('tcpdump', ['-nr', file(id)])).stdout
  while (!/who-has 10\.0\.2\.15/.test(seen)) seen = await read('all')
  assert.match(seen, /Reverse Request who-is 52:54:00:12:34:56 tell 52:54:00:12:34:56/)
  await qmp.execute('object-del', { id: 'all' })
  const length = readFileSync(file('all')).length
  await qmp.execute('announce-self', { initial: 50, max: 550, rounds: 1, step: 50 })
  await qmp.execute('netdev_del', { id: 'n' }) // which ends the other two
  assert.equal(readFileSync(file('all')).length, length)
  const [incoming, outgoing] = [await read('in'), await read('out')]
  assert.equal(incoming.match(/Reverse/g)?.length, 2)
  assert.doesNotMatch(incoming, /who-has/)
  assert.doesNotMatch(outgoing, /Reverse/)
  assert.equal(readFileSync(file('out')).length, 24 + 36 * outgoing.trim().split('\n').length)
  caller.destroy()
})
