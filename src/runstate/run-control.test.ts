import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actions } from './actions.ts'
import { RunControl, type RunControlOptions } from './run-control.ts'

/** A board that notes what it was asked, and answers when it is told to. */
class NotedBoard {
  readonly asked: string[] = []
  async resume(): Promise<void> {
    this.asked.push('resume')
  }
  async pause(): Promise<void> {
    this.asked.push('pause')
  }
  async reset(): Promise<void> {
    this.asked.push('reset')
  }
  async pressPowerButton(): Promise<void> {
    this.asked.push('power')
  }
  async wake(): Promise<void> {
    this.asked.push('wake')
  }
  async injectNmi(): Promise<void> {
    this.asked.push('nmi')
  }
}

function setUp(options: Partial<RunControlOptions> = {}) {
  const board = new NotedBoard()
  const events: string[] = []
  const control = new RunControl({
    board,
    emit: (name: string, data?: object) => {
      events.push(data === undefined ? name : `${name} ${JSON.stringify(data)}`)
    },
    ...options,
  })
  return { board, control, events }
}

test('cont from prelaunch runs the board and tells RESUME; a second one does nothing', async () => {
  const { board, control, events } = setUp()
  await control.cont()
  await control.cont()
  assert.deepEqual([control.state, board.asked, events], ['running', ['resume'], ['RESUME']])
})

test('rouse lets run who sleeps, is stopped or has not begun, and nobody else', async () => {
  const { control, events } = setUp()
  await control.rouse()
  await control.rouse()
  await control.stop()
  await control.rouse()
  await control.guestSuspend('ram')
  await control.rouse()
  assert.equal(control.state, 'running')
  assert.deepEqual(events, ['RESUME', 'STOP', 'RESUME', 'SUSPEND', 'WAKEUP'])
  const other = setUp()
  other.control.awaitIncoming()
  await other.control.rouse()
  assert.deepEqual([other.control.state, other.board.asked], ['inmigrate', []])
})

test('launch makes the state running at once and tells nothing', async () => {
  const { control, events } = setUp()
  const launched = control.launch()
  assert.equal(control.state, 'running')
  await launched
  assert.deepEqual(events, [])
})

test('stop from prelaunch changes nothing', async () => {
  const { board, control, events } = setUp()
  await control.stop()
  assert.deepEqual([control.state, board.asked, events], ['prelaunch', [], []])
})

test('requests are served wholly, in the order in which they came', async () => {
  const { control, events } = setUp()
  await Promise.all([control.cont(), control.stop(), control.cont(), control.reset(), control.stop()])
  assert.deepEqual(events, [
    'RESUME',
    'STOP',
    'RESUME',
    'RESET {"guest":false,"reason":"host-qmp-system-reset"}',
    'STOP',
  ])
  assert.equal(control.state, 'paused')
})

test('a reset of a stopped machine leads to prelaunch, of a running one back to running', async () => {
  const { board, control } = setUp()
  await control.cont()
  await control.reset()
  assert.equal(control.state, 'running')
  assert.deepEqual(board.asked, ['resume', 'reset', 'resume'])
  await control.stop()
  await control.reset()
  assert.equal(control.state, 'prelaunch')
})

test('with resets that end the machine, a reset is a shutdown with the reason of the reset', async () => {
  const { control, events } = setUp({ actions: { reboot: 'shutdown' } })
  await control.cont()
  await control.reset()
  assert.deepEqual(events.slice(1), ['SHUTDOWN {"guest":false,"reason":"host-qmp-system-reset"}'])
  assert.deepEqual(await control.ending, { reason: 'host-qmp-system-reset' })
})

test('with shutdowns that pause, only a reset leads out of the state shutdown', async () => {
  const { control, events } = setUp({ actions: { shutdown: 'pause' } })
  await control.cont()
  await control.guestShutdown()
  assert.equal(control.state, 'shutdown')
  assert.deepEqual(events, ['RESUME', 'SHUTDOWN {"guest":true,"reason":"guest-shutdown"}', 'STOP'])
  await assert.rejects(control.cont(), {
    errorClass: 'GenericError',
    message: 'Resetting the Virtual Machine is required',
  })
  await control.reset()
  assert.equal(control.state, 'prelaunch')
  await control.cont()
  assert.equal(control.state, 'running')
})

test('quit ends the machine although shutdowns pause, and nothing is served after it', async () => {
  const { board, control, events } = setUp({ actions: { shutdown: 'pause' } })
  control.quit('host-qmp-quit')
  control.quit('host-signal')
  assert.deepEqual(events, ['SHUTDOWN {"guest":false,"reason":"host-qmp-quit"}'])
  assert.deepEqual(await control.ending, { reason: 'host-qmp-quit' })
  assert.deepEqual(board.asked, [])
})

test('a guest that sleeps is woken by wakeup alone', async () => {
  const { board, control, events } = setUp()
  await assert.rejects(control.wakeup(), { message: 'Unable to wake up: guest is not in suspended state' })
  await control.cont()
  await control.guestSuspend('ram')
  await control.cont()
  await control.stop()
  assert.equal(control.state, 'suspended')
  await control.wakeup()
  assert.equal(control.state, 'running')
  assert.deepEqual(events, ['RESUME', 'SUSPEND', 'WAKEUP'])
  assert.deepEqual(board.asked, ['resume', 'pause', 'wake', 'resume'])
})

test('a guest that hibernates ends the machine', async () => {
  const { control, events } = setUp()
  await control.cont()
  await control.guestSuspend('disk')
  assert.deepEqual(events.slice(1), ['SUSPEND_DISK', 'SHUTDOWN {"guest":true,"reason":"guest-shutdown"}'])
})

test('a board that fails leads to internal-error, out of which a reset leads', async () => {
  const { control, events } = setUp()
  await control.cont()
  await control.boardFailed()
  assert.equal(control.state, 'internal-error')
  assert.deepEqual(events, ['RESUME', 'STOP'])
  await assert.rejects(control.cont(), { message: 'Resetting the Virtual Machine is required' })
  await control.reset()
  assert.equal(control.state, 'prelaunch')
})

test('a board that fails while the machine is stopped tells nothing but the state', async () => {
  const { control, events } = setUp()
  await control.boardFailed()
  assert.equal(control.state, 'internal-error')
  assert.deepEqual(events, [])
})

test('a request that fails does not hold up the next one', async () => {
  const { board, control } = setUp()
  board.resume = async () => {
    throw new Error('no')
  }
  await assert.rejects(control.cont(), /no/)
  assert.equal(control.state, 'prelaunch')
  await control.stop()
})

/** What is told and asked of the board behind `cont`, and the state then, when a watchdog bites or the guest panics. */
async function upset(
  happen: (control: RunControl) => Promise<void>,
  options: Partial<RunControlOptions>,
): Promise<{ told: string[]; asked: string[]; state: string; ended: boolean }> {
  const { board, control, events } = setUp(options)
  await control.cont()
  await happen(control)
  return {
    told: events.slice(1),
    asked: board.asked.slice(1),
    state: control.state,
    ended: control.signal.aborted,
  }
}

const bite = (watchdog: Actions['watchdog'], actions: Partial<Actions> = {}) =>
  upset((control) => control.watchdogExpired(), { actions: { watchdog, ...actions } })
const reset = { guest: true, reason: 'guest-reset' }

test('a watchdog resets the guest, or ends the machine where resets do', async () => {
  assert.deepEqual(await bite('reset'), {
    told: ['WATCHDOG {"action":"reset"}', `RESET ${JSON.stringify(reset)}`],
    asked: ['reset', 'resume'],
    state: 'running',
    ended: false,
  })
  const { told, ended } = await bite('reset', { reboot: 'shutdown' })
  assert.deepEqual([told[1], ended], [`SHUTDOWN ${JSON.stringify(reset)}`, true])
})

test('who hears that the guest has switched itself off, or has panicked, finds it standing still', async () => {
  const found: string[] = []
  const control = new RunControl({
    board: new NotedBoard(),
    emit: (name: string, _data?: object) => queueMicrotask(() => found.push(`${name} ${control.state}`)),
    actions: { shutdown: 'pause', panic: 'pause' },
  })
  await control.cont()
  await control.guestShutdown()
  assert.deepEqual(found.splice(0).slice(1), ['SHUTDOWN shutdown', 'STOP shutdown'])
  await control.reset()
  await control.cont()
  found.length = 0
  await control.guestPanicked()
  assert.deepEqual(found, ['GUEST_PANICKED guest-panicked', 'STOP guest-panicked'])
})

test('a watchdog presses the power button, or pulls the plug, which no SHUTDOWN event tells', async () => {
  const pressed = await bite('shutdown')
  assert.deepEqual([pressed.told, pressed.asked], [['WATCHDOG {"action":"shutdown"}', 'POWERDOWN'], ['power']])
  const pulled = await bite('poweroff', { shutdown: 'pause' })
  assert.deepEqual([pulled.told, pulled.ended], [['WATCHDOG {"action":"poweroff"}'], true])
})

test('a watchdog stops the guest, which may go on then', async () => {
  const { board, control, events } = setUp({ actions: { watchdog: 'pause' } })
  await control.cont()
  await control.watchdogExpired()
  assert.deepEqual([control.state, board.asked], ['watchdog', ['resume', 'pause']])
  await control.cont()
  assert.deepEqual(events, ['RESUME', 'WATCHDOG {"action":"pause"}', 'STOP', 'RESUME'])
})

test('a watchdog injects an NMI, tells the user, or does nothing at all', async () => {
  const texts: string[] = []
  const debug = await upset((control) => control.watchdogExpired(), {
    actions: { watchdog: 'debug' },
    warn: (text) => texts.push(text),
  })
  assert.deepEqual([debug.told, debug.asked, texts], [['WATCHDOG {"action":"debug"}'], [], ['watchdog: timer fired']])
  assert.deepEqual((await bite('inject-nmi')).asked, ['nmi'])
  assert.deepEqual(await bite('none'), {
    told: ['WATCHDOG {"action":"none"}'],
    asked: [],
    state: 'running',
    ended: false,
  })
})

const panic = (actions: Partial<Actions>) => upset((control) => control.guestPanicked(), { actions })

test('a panic stops the guest, also if shutdowns are to stop it', async () => {
  const stopped = {
    told: ['GUEST_PANICKED {"action":"pause"}', 'STOP'],
    asked: ['pause'],
    state: 'guest-panicked',
    ended: false,
  }
  assert.deepEqual(await panic({ panic: 'pause' }), stopped)
  assert.deepEqual(await panic({ shutdown: 'pause' }), stopped)
})

test('a panic ends the machine, as a failure if that is asked for', async () => {
  for (const [action, failed] of [
    ['shutdown', {}],
    ['exit-failure', { failed: true }],
  ] as const) {
    const { control, events } = setUp({ actions: { panic: action } })
    await control.cont()
    await control.guestPanicked()
    assert.deepEqual(await control.ending, { reason: 'guest-panic', ...failed })
    assert.deepEqual(events.slice(1), [
      'GUEST_PANICKED {"action":"poweroff"}',
      'SHUTDOWN {"guest":true,"reason":"guest-panic"}',
    ])
  }
})

test('a guest whose panics are nobody’s business goes on, as does one with a kernel for crashes', async () => {
  const ignored = await panic({ panic: 'none' })
  assert.deepEqual([ignored.told, ignored.asked], [['GUEST_PANICKED {"action":"run"}'], ['resume']])
  const loaded = await upset((control) => control.guestCrashloaded(), {})
  assert.deepEqual([loaded.told, loaded.asked], [['GUEST_CRASHLOADED {"action":"run"}'], []])
})

test('what waits to be done while the machine stands still is refused when it ends, and told before whether it ran', async () => {
  const { control } = setUp()
  await control.cont()
  assert.equal(await control.standingStill(async (ran) => ran), true)
  const first = control.standingStill(async () => control.quit('host-qmp-quit'))
  const waiting = [control.standingStill(async () => 1), control.restoring(async () => 1)]
  for (const each of waiting) await assert.rejects(each, { message: 'The machine has ended' })
  await first
})
