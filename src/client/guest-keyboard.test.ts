import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeadlineError } from '../async/index.ts'
import { CommandError } from './client-error.ts'
import { GuestKeyboard } from './guest-keyboard.ts'

interface KeyEvent {
  readonly data: { readonly key: { readonly data: string }; readonly down: boolean }
}

/** A server that notes what is pressed ('+a') and released ('-a'), and whose guest takes so much at each look. */
function server({ takes }: { takes: number | undefined }) {
  const log: string[] = []
  let waiting = 0
  const keyboard = new GuestKeyboard({
    async executeAny(name, args, options) {
      options?.signal?.throwIfAborted()
      if (name === '__org.vmon_query-keyboard') {
        if (takes === undefined)
          throw new CommandError(name, 'CommandNotFound', `The command ${name} has not been found`)
        waiting = Math.max(0, waiting - takes)
        return { waiting }
      }
      assert.ok(waiting <= 64, 'the guest has taken most of what came before')
      if (name === 'send-key') {
        log.push((args as { keys: { data: string }[] }).keys.map(({ data }) => data).join('+'))
        return {}
      }
      const { events } = args as { events: KeyEvent[] }
      waiting += events.length
      log.push(...events.map(({ data: { key, down } }) => `${down ? '+' : '-'}${key.data}`))
      return {}
    },
  })
  return { keyboard, log }
}

test('keys go down and up in order, no more at once than the guest can keep', async () => {
  const { keyboard, log } = server({ takes: 30 })
  await keyboard.type('aB\n')
  assert.deepEqual(log, ['+a', '-a', '+shift', '+b', '-b', '-shift', '+ret', '-ret'])
  log.length = 0
  await keyboard.type('x'.repeat(400))
  assert.equal(log.length, 800)
})

test('the layout decides which keys they are; what it does not have is refused before anything is typed', async () => {
  const { keyboard, log } = server({ takes: 10 })
  await keyboard.type('z', { layout: 'de' })
  assert.deepEqual(log, ['+y', '-y'])
  await assert.rejects(keyboard.type('aé'), RangeError)
  assert.equal(log.length, 2)
})

test('a server that does not tell what the guest has taken gets the keys at a pace', async () => {
  const { keyboard, log } = server({ takes: undefined })
  await keyboard.type('Hi')
  assert.deepEqual(log, ['shift+h', 'i'])
})

test('a guest that takes nothing is waited for until the time is up', async () => {
  await assert.rejects(server({ takes: 0 }).keyboard.type('a', { timeoutMs: 20 }), DeadlineError)
  const controller = new AbortController()
  const typing = server({ takes: 0 }).keyboard.type('a', { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(typing, new Error('enough'))
})
