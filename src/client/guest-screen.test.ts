import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuestScreen, ScreenTimeoutError } from './guest-screen.ts'

/** A client whose server shows one screen after the other, and then the last one again. */
function screenOf(...screens: readonly (readonly string[] | undefined)[]): GuestScreen {
  let next = 0
  return new GuestScreen({
    async executeAny(name, _args, options) {
      assert.equal(name, '__org.vmon_query-screen-text')
      options?.signal?.throwIfAborted()
      const lines = screens[Math.min(next++, screens.length - 1)]
      return lines === undefined ? {} : { text: { lines } }
    },
  })
}

test('the text has a line for each row, without the blanks behind it', async () => {
  assert.equal(await screenOf(['  login: ', 'a b  ', '', 'c', '   ', '']).text(), '  login:\na b\n\nc')
  assert.equal(await screenOf(undefined).text(), undefined)
})

test('waiting ends when the text is there, through graphics modes and other texts', async () => {
  const screen = screenOf(undefined, ['loading'], ['ready', 'name: x1'], ['gone'])
  const match = await screen.waitFor(/^name: (\w\d)$/m)
  assert.deepEqual([match[0], match[1]], ['name: x1', 'x1'])
})

test('a pattern that remembers its place is looked for in the whole text each time', async () => {
  const pattern = /a/g
  pattern.lastIndex = 1
  assert.equal((await screenOf(['a']).waitFor(pattern)).index, 0)
  assert.equal(pattern.lastIndex, 1)
})

test('when the time is up, the error says what the screen says', async () => {
  await assert.rejects(screenOf(['panic: no root']).waitFor(/login:/, { timeoutMs: 1 }), (error) => {
    assert.ok(error instanceof ScreenTimeoutError)
    assert.equal(error.message, 'the screen does not show /login:/; it says:\npanic: no root')
    assert.equal(error.text, 'panic: no root')
    return true
  })
  await assert.rejects(screenOf(undefined).waitFor(/x/, { timeoutMs: 1 }), /it has no text/)
})

test('a signal ends the waiting with its reason', async () => {
  const controller = new AbortController()
  const waiting = screenOf(['a']).waitFor(/b/, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(waiting, new Error('enough'))
})

test('a text is waited for as it is written, whatever its characters mean in patterns', async () => {
  assert.equal((await screenOf(['x(1)'], ['C:\\> [a-z] (1)']).waitFor('\\> [a-z] (1)')).index, 2)
  await assert.rejects(screenOf(['ac']).waitFor('a.?c', { timeoutMs: 1 }), /does not show "a\.\?c"/)
})
