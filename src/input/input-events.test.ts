import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QmpError } from '../qapi/index.ts'
import { type AskedEvent, InputEvents } from './input-events.ts'
import { InputHandlers } from './input-handlers.ts'
import { PcInput } from './pc-input.ts'
import { keyNumber } from './q-key-code.ts'

function bench({ running = true } = {}) {
  const handlers = new InputHandlers()
  const log: string[] = []
  const note = (name: string) => async (what: unknown) => {
    log.push(`${name} ${JSON.stringify(what)}`)
  }
  const pc = new PcInput({ handlers, failed: (error) => assert.fail(String(error)) })
  pc.join({ keyboard: note('keyboard'), ps2Mouse: note('mouse'), vmmouse: note('vmmouse') })
  const input = new InputEvents({
    handlers,
    pressInTurn: (key, down) => log.push(`in turn ${key} ${down}`),
    checkConsole: (device, head) => {
      throw new QmpError('DeviceNotFound', `${device} ${head}`)
    },
    takesInput: () => running,
  })
  return { pc, send: (...events: AskedEvent[]) => input.send({ events }), input, log }
}

const key = (data: 'a' | 'sysrq', down: boolean): AskedEvent => ({ type: 'key', key: { type: 'qcode', data }, down })

test('what is sent together reaches the mouse together; keys go at once, numbers in their turn', () => {
  const { send, log } = bench()
  send(
    key('a', true),
    { type: 'rel', axis: 'x', value: 5 },
    { type: 'key', key: { type: 'number', data: 0x9c }, down: true },
    { type: 'btn', button: 'left', down: true },
    key('a', false),
  )
  assert.deepEqual(log, [
    'keyboard [30]',
    `in turn ${keyNumber('kp_enter')} true`,
    'keyboard [158]',
    'mouse [{"type":"rel","axis":"x","value":5},{"type":"btn","button":"left","down":true}]',
  ])
})

test('movements count modulo 2^32', () => {
  const { send, log } = bench()
  send({ type: 'rel', axis: 'x', value: 2n ** 62n + 7n }, { type: 'rel', axis: 'y', value: 2 ** 31 })
  assert.deepEqual(log, ['mouse [{"type":"rel","axis":"x","value":7},{"type":"rel","axis":"y","value":-2147483648}]'])
})

test('one event that no device takes keeps all from being sent', () => {
  const { pc, send, log } = bench()
  const both = (): void => send({ type: 'rel', axis: 'x', value: 1 }, { type: 'abs', axis: 'x', value: 1 })
  assert.throws(both, new QmpError('GenericError', 'Input handler not found for event type abs'))
  assert.deepEqual(log, [])
  pc.setVmmouse('absolute')
  both()
  assert.deepEqual(log, [
    'vmmouse [{"type":"abs","axis":"x","value":1}]',
    'mouse [{"type":"rel","axis":"x","value":1}]',
  ])
  pc.setVmmouse(undefined)
  assert.throws(both)
})

test('the display device is looked for first, then whether the machine runs, then who takes the events', () => {
  const { input, log } = bench({ running: false })
  const events: AskedEvent[] = [{ type: 'abs', axis: 'x', value: 1 }]
  assert.throws(() => input.send({ device: 'x', head: 1, events }), new QmpError('DeviceNotFound', 'x 1'))
  assert.throws(() => input.send({ head: 1, events }), new QmpError('GenericError', 'VM not running'))
  assert.throws(() => input.send({ events: [] }), new QmpError('GenericError', 'VM not running'))
  assert.deepEqual(log, [])
})
