import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Duplex, memoryPair } from '../transport/index.ts'
import type { Chardev, Frontend } from './chardev.ts'
import { LineStamps } from './line-stamps.ts'
import { MuxChardev } from './mux-chardev.ts'
import { MuxKeys, muxHelp } from './mux-keys.ts'

/** A device whose other end the test holds. */
function device(): { base: Chardev; other: Duplex } {
  const [ours, other] = memoryPair()
  const base: Chardev = {
    label: 'x-base',
    filename: 'memory',
    frontendOpen: false,
    frontend: undefined,
    awaited: undefined,
    detach: () => undefined,
    attach: (frontend) => frontend.connection(ours),
    close: () => ours.close(),
    destroy: () => ours.destroy(),
    [Symbol.asyncDispose]: () => ours.close(),
  }
  return { base, other }
}

/** A front end that notes what it gets and is told. */
function frontend(name: string, heard: string[]) {
  let stream: Duplex | undefined
  const subject: Frontend = {
    concurrent: false,
    connection(duplex) {
      stream = duplex
      duplex.start({ data: (chunk) => heard.push(`${name}: ${Buffer.from(chunk).toString()}`) })
    },
    focused: (has) => heard.push(`${name} ${has ? 'has' : 'has not'}`),
    broken: () => heard.push(`${name} break`),
  }
  return { subject, write: (text: string) => stream!.write(text) }
}

test('what comes in goes to the front end that was attached last, and Ctrl-A c switches, in order', async () => {
  const { base, other } = device()
  const heard: string[] = []
  const asked: string[] = []
  const mux = new MuxChardev('x', base, { exit: () => asked.push('exit'), save: () => asked.push('save') })
  mux.attach(frontend('monitor', heard).subject)
  mux.attach(frontend('serial', heard).subject)
  mux.open()
  other.start({ data: () => undefined })
  heard.length = 0
  other.write('ab\x01ccd\x01\x01\x01b\x01s\x01x\x01cz')
  await other.close()
  assert.deepEqual(heard, [
    'serial: ab',
    'serial has not',
    'monitor has',
    'monitor: cd\x01',
    'monitor break',
    'monitor has not',
    'serial has',
    'serial: z',
  ])
  assert.deepEqual(asked, ['save', 'exit'])
})

test('what the front ends send is mixed; keys are answered beside it', async () => {
  const { base, other } = device()
  const mux = new MuxChardev('x', base, { exit: () => undefined, save: () => undefined })
  const [one, two] = [frontend('one', []), frontend('two', [])]
  mux.attach(one.subject)
  mux.attach(two.subject)
  mux.open()
  let shown = ''
  const helped = new Promise<void>((resolve) => {
    other.start({
      data(chunk) {
        shown += Buffer.from(chunk).toString()
        if (shown.length >= 'firstsecond'.length + muxHelp.length) resolve()
      },
    })
  })
  one.write('first')
  two.write('second')
  other.write('\x01h')
  await helped
  assert.equal(shown, `firstsecond${muxHelp}`)
})

test('a fifth front end is refused in the words of QEMU', () => {
  const mux = new MuxChardev('x', device().base, { exit: () => undefined, save: () => undefined })
  for (const name of 'abcd') mux.attach(frontend(name, []).subject)
  assert.throws(() => mux.attach(frontend('e', []).subject), {
    message: "too many uses of multiplexed chardev 'x' (maximum is 4)",
  })
})

test('keys are told from bytes however the input is split', () => {
  const input = Buffer.from('a\x01cb\x01\x01\x01?\x01qd\x01t')
  const whole = joined(new MuxKeys().split(input))
  assert.deepEqual(whole, ['a', 'switch', 'b\x01', 'help', 'd', 'timestamps'])
  for (let at = 0; at <= input.length; at++) {
    const keys = new MuxKeys()
    assert.deepEqual(joined([...keys.split(input.subarray(0, at)), ...keys.split(input.subarray(at))]), whole)
  }
  const bytewise = new MuxKeys()
  assert.deepEqual(joined([...input].flatMap((byte) => bytewise.split(Uint8Array.of(byte)))), whole)
})

/** Neighbouring bytes together, as text. */
function joined(parts: readonly (Uint8Array | string)[]): string[] {
  const texts: { plain: boolean; text: string }[] = []
  for (const part of parts) {
    const plain = typeof part !== 'string'
    const text = plain ? Buffer.from(part).toString('latin1') : part
    const last = texts.at(-1)
    if (plain && last?.plain === true) last.text += text
    else texts.push({ plain, text })
  }
  return texts.map(({ text }) => text)
}

test('stamps stand where lines begin, and count from the first', () => {
  let now = 1000
  const stamps = new LineStamps(() => now)
  const stamped = (text: string): string => Buffer.from(stamps.stamp(Buffer.from(text))).toString()
  assert.equal(stamped('begun\n'), 'begun\n')
  assert.equal(stamped('one\ntwo'), '[00:00:00.000] one\n[00:00:00.000] two')
  now += 3_723_004
  assert.equal(stamped('\nthree\n'), '\n[01:02:03.004] three\n')
})
