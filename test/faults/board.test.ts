/** What a client sees when the guest gives up, and when the board itself does. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { type MachineOptions, type QmpEvent, type RunningMachine, startMachine } from '../../src/index.ts'
import { biosGuest, forever, tripleFault } from '../guests/bios-guest.ts'

const timeout = 60_000
/** Halts, interrupts off, for ever. */
const idle = forever(0xf4)

describe('faults of guest and board', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmon-faults-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function start(t: TestContext, code: readonly number[], options: MachineOptions = {}): Promise<RunningMachine> {
    const bios = join(folder, 'bios.bin')
    await writeFile(bios, biosGuest(...code))
    const vm = await startMachine({ bios, memory: 2, noDefaults: true, ...options })
    t.after(() => vm.close())
    return vm
  }

  for (const how of ['throw', 'exit'] as const) {
    it(`a board that ends by '${how}' stops the machine, which answers, and runs again after a reset`, {
      timeout,
    }, async (t) => {
      const { qmp, machine } = await start(t, idle)
      await machine.board.ready
      const stopped = qmp.event('STOP')
      await failing(machine.board)
        .fail(how)
        .catch(() => undefined)
      await stopped
      assert.deepEqual(
        { ...(await qmp.execute('query-status')) },
        {
          status: 'internal-error',
          singlestep: false,
          running: false,
        },
      )
      assert.equal((await qmp.execute('query-version')).qemu.major, 7)
      await assert.rejects(qmp.execute('cont'), /Resetting the Virtual Machine is required/)
      await assert.rejects(qmp.execute('screendump', { filename: join(folder, 'none.ppm') }))
      await assert.rejects(qmp.execute('pmemsave', { val: 0, size: 1, filename: join(folder, 'none.bin') }))

      const events = qmp.events()
      await qmp.execute('system_reset')
      assert.equal((await qmp.execute('query-status')).status, 'prelaunch')
      await qmp.execute('cont')
      assert.equal((await qmp.execute('query-status')).status, 'running')
      assert.deepEqual(await take(events, 2), [
        ['RESET', { guest: false, reason: 'host-qmp-system-reset' }],
        ['RESUME', {}],
      ])
    })
  }

  it('a machine whose board has failed can be quit', { timeout }, async (t) => {
    const { qmp, machine } = await start(t, idle)
    await machine.board.ready
    const events = qmp.events()
    await failing(machine.board)
      .fail('exit')
      .catch(() => undefined)
    assert.deepEqual(await take(events, 1), [['STOP', {}]])
    await qmp.execute('quit')
    assert.deepEqual(await take(events, 1), [['SHUTDOWN', { guest: false, reason: 'host-qmp-quit' }]])
    await machine.ended
  })

  it('a triple fault resets the machine, which goes on running', { timeout }, async (t) => {
    const { qmp } = await start(t, tripleFault, { paused: true })
    const events = qmp.events()
    await qmp.execute('cont')
    const reset = ['RESET', { guest: true, reason: 'guest-reset' }]
    assert.deepEqual(await take(events, 4), [['RESUME', {}], reset, reset, reset])
    assert.equal((await qmp.execute('query-status')).running, true)
  })

  it('a triple fault ends a machine that resets are to end', { timeout }, async (t) => {
    const { qmp, machine } = await start(t, tripleFault, { paused: true, noReboot: true })
    const events = qmp.events({ names: ['RESET', 'SHUTDOWN'] })
    await qmp.execute('cont')
    assert.deepEqual(await take(events, 1), [['SHUTDOWN', { guest: true, reason: 'guest-reset' }]])
    assert.deepEqual(await machine.ended, { reason: 'guest-reset' })
  })

  it('a triple fault stops a machine that neither resets nor shutdowns are to end', { timeout }, async (t) => {
    const { qmp } = await start(t, tripleFault, { paused: true, noReboot: true, noShutdown: true })
    const events = qmp.events()
    await qmp.execute('cont')
    assert.deepEqual(await take(events, 3), [
      ['RESUME', {}],
      ['SHUTDOWN', { guest: true, reason: 'guest-reset' }],
      ['STOP', {}],
    ])
    assert.equal((await qmp.execute('query-status')).status, 'shutdown')
    await assert.rejects(qmp.execute('cont'), /Resetting the Virtual Machine is required/)
  })
})

/** The board of a machine, which can be made to fail. */
function failing(board: object): { fail(how: 'throw' | 'exit'): Promise<void> } {
  assert.ok('fail' in board && typeof board.fail === 'function')
  return board as { fail(how: 'throw' | 'exit'): Promise<void> }
}

/** The next events: names and data. */
async function take(events: AsyncIterator<QmpEvent>, count: number): Promise<[string, unknown][]> {
  const taken: [string, unknown][] = []
  while (taken.length < count) {
    const { value, done } = await events.next()
    assert.ok(done !== true, 'the connection has ended')
    const { event, data } = value as QmpEvent
    taken.push([event, { ...data }])
  }
  return taken
}
