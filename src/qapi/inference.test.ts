import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bool,
  type EmitOf,
  type Execute,
  either,
  event,
  family,
  type Infer,
  int,
  list,
  type NeedsOf,
  nothing,
  oneOf,
  opt,
  type ReturnOf,
  req,
  str,
  struct,
  union,
} from './index.ts'

/**
 * What the compiler must know of declarations without being told. Every line below an `@ts-expect-error` is a mistake
 * that the compiler finds; were one to pass, the build would fail.
 */

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function isTrue<_ extends true>(): void {}

const Mode = oneOf('Mode', ['top', 'full'])
const Target = struct('Target', { node: req(str, 'node'), mode: opt(Mode, 'mode'), sizes: opt(list(int), 'sizes') })
const Key = union('Key', {
  base: { id: opt(str, 'id') },
  discriminator: 'type',
  branches: {
    number: struct('N', { data: req(int.wide, 'n') }),
    name: struct('S', { data: req(str, 's') }),
    none: undefined,
  },
})
const Ref = either('Ref', { string: str, object: Target })

isTrue<Same<Infer<typeof Mode>, 'top' | 'full'>>()
isTrue<Same<Infer<typeof Target>, { node: string; mode?: 'top' | 'full'; sizes?: number[] }>>()
isTrue<
  Same<
    Infer<typeof Key>,
    | { id?: string; type: 'number'; data: number | bigint }
    | { id?: string; type: 'name'; data: string }
    | { id?: string; type: 'none' }
  >
>()
isTrue<Same<Infer<typeof Ref>, string | Infer<typeof Target>>>()

interface Drives {
  eject(device: string, force: boolean): Promise<void>
}
const media = family<{ drives: Drives }>()
const run = family<{ running: boolean }>()

const table = {
  eject: media({
    since: '0.14',
    doc: 'Eject.',
    args: { device: req(str, 'drive'), force: opt(bool, 'force') },
    returns: nothing,
    examples: [],
    async run({ drives }, { device, force = false }) {
      isTrue<Same<typeof device, string>>()
      isTrue<Same<typeof force, boolean>>()
      await drives.eject(device, force)
      return {}
    },
  }),
  'query-running': run({
    since: '0.14',
    doc: 'Tell.',
    args: {},
    returns: struct('Running', { running: req(bool, 'running') }),
    examples: [],
    run: ({ running }) => ({ running }),
  }),
  press: run({
    since: '1.3',
    doc: 'Press a key: the arguments are a union.',
    args: Key,
    returns: nothing,
    examples: [],
    run(_, key) {
      if (key.type === 'number') isTrue<Same<typeof key.data, number | bigint>>()
      // @ts-expect-error only some of the branches have data
      void key.data
      return {}
    },
  }),
}

media({
  since: '0',
  doc: '',
  args: {},
  returns: Target,
  examples: [],
  // @ts-expect-error the handler returns what is declared
  run: () => ({ node: 1 }),
})
// @ts-expect-error a command has documentation
media({ since: '0', args: {}, returns: nothing, examples: [], run: () => ({}) })
media({
  since: '0',
  doc: '',
  args: {},
  returns: nothing,
  examples: [],
  run(needs) {
    // @ts-expect-error a family touches nothing but what it named
    void needs.running
    return {}
  },
})

isTrue<Same<NeedsOf<typeof table>, { drives: Drives } & { running: boolean }>>()
isTrue<Same<ReturnOf<(typeof table)['query-running']>, { running: boolean }>>()

// @ts-expect-error a machine has every part that any command needs
export const incomplete: NeedsOf<typeof table> = { running: true }

export async function calls(execute: Execute<typeof table>): Promise<void> {
  const { running } = await execute('query-running')
  isTrue<Same<typeof running, boolean>>()
  await execute('eject', { device: 'ide1-cd0' })
  await execute('press', { type: 'none' })
  // @ts-expect-error arguments may be left out only where none is required
  await execute('eject')
  // @ts-expect-error device is required
  await execute('eject', { force: true })
  // @ts-expect-error no such argument
  await execute('eject', { device: 'a', tray: true })
  // @ts-expect-error no such command
  await execute('ejekt')
  // @ts-expect-error no such branch
  await execute('press', { type: 'button' })
}

const events = {
  STOP: event({ since: '0.12', doc: 'Stopped.', examples: [] }),
  RESET: event({ since: '0.12', doc: 'Reset.', data: { guest: req(bool, 'who') }, examples: [] }),
}

test('events are emitted with their data, and without where they carry none', () => {
  const emitted: unknown[] = []
  const emit: EmitOf<typeof events> = (name, ...data) => void emitted.push([name, ...data])
  emit('STOP')
  emit('RESET', { guest: true })
  const mistakes = (): void => {
    // @ts-expect-error it carries data
    emit('RESET')
    // @ts-expect-error it carries none
    emit('STOP', { guest: true })
    // @ts-expect-error no such event
    emit('PAUSE')
  }
  assert.equal(typeof mistakes, 'function')
  assert.deepEqual(emitted, [['STOP'], ['RESET', { guest: true }]])
})

test('a handler gets the parts of its family and the decoded arguments', async () => {
  const ejected: unknown[] = []
  const parts = { running: true, drives: { eject: async (...args: unknown[]) => void ejected.push(args) } }
  const session = { negotiate: () => undefined, descriptors: undefined as never }
  const call = { session, signal: new AbortController().signal }
  assert.deepEqual(table['query-running'].invoke(parts, {}, call), { running: true })
  const pending = table.eject.invoke(parts, { device: 'a' }, call)
  assert.ok(pending instanceof Promise)
  assert.deepEqual(await pending, {})
  assert.deepEqual(ejected, [['a', false]])
  assert.deepEqual(table.press.invoke(parts, { type: 'none' }, call), {})
  assert.throws(() => table.press.invoke(parts, { type: 'none', data: 1 }, call), {
    message: "Parameter 'data' is unexpected",
  })
})
