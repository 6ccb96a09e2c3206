import assert from 'node:assert/strict'
import { test } from 'node:test'
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
}

function setUp(options: Partial<RunControlOptions> = {}) {
  const board = new NotedBoard()
  const events: string[] = []
  const control = new RunControl({
    board,
    emit: (name: string, data?: object) => {
      events.push(data === undefined ? name : `${name} ${JSON.stringify(data)}`)
    },
    onReboot: 'reset',
    onShutdown: 'poweroff',
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
  const { control, events } = setUp({ onReboot: 'shutdown' })
  await control.cont()
  await control.reset()
  assert.deepEqual(events.slice(1), ['SHUTDOWN {"guest":false,"reason":"host-qmp-system-reset"}'])
  assert.deepEqual(await control.ending, { reason: 'host-qmp-system-reset' })
})

test('with shutdowns that pause, only a reset leads out of the state shutdown', async () => {
  const { control, events } = setUp({ onShutdown: 'pause' })
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
  const { board, control, events } = setUp({ onShutdown: 'pause' })
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
