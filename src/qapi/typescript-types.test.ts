import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  any,
  either,
  event,
  family,
  int,
  list,
  nothing,
  oneOf,
  opt,
  req,
  str,
  struct,
  typescriptTypes,
  unchecked,
  union,
} from './index.ts'

const command = family<unknown>()
const spec = { since: '1.0', doc: 'Do */ it.', examples: [] }

test('commands and events become interfaces, and what they use types with their names', () => {
  const Mode = oneOf('Mode', ['top', 'full'])
  const other = struct('Mode', { sizes: req(list(int.wide), 'sizes') })
  const Key = union('Key', {
    base: {},
    discriminator: 'type',
    branches: { a: other, none: undefined },
  })
  const text = typescriptTypes(
    {
      'go-on': command({
        ...spec,
        args: {
          mode: req(Mode, 'mode'),
          key: opt(Key, 'key'),
          what: opt(either('E', { string: str, integer: int }), 'what'),
        },
        returns: nothing,
        run: () => ({}),
      }),
      add: command({ ...spec, args: unchecked({ id: req(str, 'id') }), returns: any, run: () => undefined }),
    },
    { '__org.vmon_STOP': event({ since: '1.0', doc: 'It stopped.', examples: [] }) },
  )
  const squeezed = text.replaceAll(/\/\*\*.*?\*\/ */g, '').replaceAll(/\s+/g, ' ')
  assert.match(text, /\/\*\* Do \* \/ it\. \*\//)
  assert.equal(
    squeezed,
    "export interface Commands { 'go-on': { readonly args: { 'mode': Mode 'key'?: Key 'what'?: string | number }; " +
      'readonly returns: Record<never, never> } ' +
      "'add': { readonly args: { 'id': string } & Readonly<Record<string, unknown>>; readonly returns: unknown } } " +
      "export interface Events { '__org.vmon_STOP': { readonly data: Record<never, never> } } " +
      "export type Mode = 'top' | 'full' " +
      "export type Key = ({ 'type': 'a' } & Mode2) | { 'type': 'none' } " +
      "export type Mode2 = { 'sizes': Array<number | bigint> } ",
  )
})
