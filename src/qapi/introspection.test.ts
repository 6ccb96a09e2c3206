import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  any,
  bool,
  either,
  event,
  family,
  int,
  list,
  nothing,
  type ObjectType,
  oneOf,
  opt,
  req,
  root,
  SchemaInfo,
  schemaOf,
  size,
  str,
  struct,
  uint8,
  union,
} from './index.ts'

const command = family<unknown>()
const plain = { since: '0', doc: '', examples: [] }
const run = (): Record<never, never> => ({})

function schema(
  args: Parameters<typeof command>[0]['args'],
  returns: ObjectType<any> = nothing,
): readonly SchemaInfo[] {
  return schemaOf({ c: command({ ...plain, args, returns, run }) }, {})
}

test('a command without arguments and answer takes and gives the empty object', () => {
  assert.deepEqual(schema({}), [
    { name: 'c', 'meta-type': 'command', 'arg-type': '0', 'ret-type': '0' },
    { name: '0', 'meta-type': 'object', members: [] },
  ])
})

test('optional members show a default of null, old spellings do not show, and integers of every size are int', () => {
  const [, args, ...types] = schema({
    b: opt(uint8, 'b', { features: ['unstable'] }),
    'cpu-index': opt(int, 'cpu', { alias: ['cpu'] }),
    s: req(size, 's'),
  })
  assert.deepEqual(args, {
    name: '0',
    'meta-type': 'object',
    members: [
      { name: 'b', type: 'int', default: null, features: ['unstable'] },
      { name: 'cpu-index', type: 'int', default: null },
      { name: 's', type: 'int' },
    ],
  })
  assert.deepEqual(types, [
    { name: '1', 'meta-type': 'object', members: [] },
    { name: 'int', 'meta-type': 'builtin', 'json-type': 'int' },
  ])
})

test('lists carry the name of their elements, enums their words, alternates their types', () => {
  const word = oneOf('Word', ['a', 'b'], { b: ['deprecated'] })
  const [, args, ...types] = schema({
    words: req(list(word), 'w'),
    names: req(list(str), 'n'),
    ref: req(either('Ref', { string: str, boolean: bool }), 'r'),
  })
  assert.deepEqual((args as { members: unknown }).members, [
    { name: 'words', type: '[2]' },
    { name: 'names', type: '[str]' },
    { name: 'ref', type: '3' },
  ])
  assert.deepEqual(types.slice(1), [
    {
      name: '2',
      'meta-type': 'enum',
      members: [{ name: 'a' }, { name: 'b', features: ['deprecated'] }],
      values: ['a', 'b'],
    },
    { name: '[2]', 'meta-type': 'array', 'element-type': '2' },
    { name: 'str', 'meta-type': 'builtin', 'json-type': 'string' },
    { name: '[str]', 'meta-type': 'array', 'element-type': 'str' },
    { name: '3', 'meta-type': 'alternate', members: [{ type: 'str' }, { type: 'bool' }] },
    { name: 'bool', 'meta-type': 'builtin', 'json-type': 'boolean' },
  ])
})

test('a union shows what each word of its tag adds; words that add nothing come last, with the empty type', () => {
  const [, args] = schema(
    union('U', {
      base: { id: req(str, 'id'), kind: req(oneOf('Kind', ['none', 'x', 'y']), 'kind') },
      discriminator: 'kind',
      branches: { x: struct('X', { n: req(any, 'n') }), none: undefined, y: undefined },
      features: ['deprecated'],
    }),
  )
  assert.deepEqual(args, {
    name: '0',
    'meta-type': 'object',
    members: [
      { name: 'id', type: 'str' },
      { name: 'kind', type: '2' },
    ],
    tag: 'kind',
    variants: [
      { case: 'x', type: '3' },
      { case: 'none', type: '1' },
      { case: 'y', type: '1' },
    ],
    features: ['deprecated'],
  })
})

test('a type that holds itself is described once', () => {
  interface Tree {
    readonly children: Tree[]
  }
  const Tree: ObjectType<Tree> = struct('Tree', {
    get children() {
      return req(list(Tree), 'below')
    },
  })
  const [, , ...types] = schema({ tree: req(Tree, 'tree') })
  assert.deepEqual(types.slice(1), [
    { name: '2', 'meta-type': 'object', members: [{ name: 'children', type: '[2]' }] },
    { name: '[2]', 'meta-type': 'array', 'element-type': '2' },
  ])
  assert.throws(() => Tree.decode({ children: [{ children: [] }, {}] }, root), {
    message: "Parameter 'children[1].children' is missing",
  })
})

test('commands tell whether they go out of band; commands and events tell what is wrong with them', () => {
  const infos = schemaOf(
    { c: command({ ...plain, args: {}, returns: nothing, oob: true, features: ['unstable'], run }) },
    {
      BARE: event({ since: '0', doc: '', examples: [] }),
      FULL: event({ since: '0', doc: '', data: { s: req(str, 's') }, features: ['deprecated'], examples: [] }),
    },
  )
  assert.deepEqual(infos.slice(0, 3), [
    { name: 'c', 'meta-type': 'command', 'arg-type': '0', 'ret-type': '0', 'allow-oob': true, features: ['unstable'] },
    { name: 'BARE', 'meta-type': 'event', 'arg-type': '0' },
    { name: 'FULL', 'meta-type': 'event', 'arg-type': '1', features: ['deprecated'] },
  ])
})

test('what it says fits the type that it declares for itself', () => {
  const infos = schemaOf({ c: command({ ...plain, args: {}, returns: list(SchemaInfo), run: () => [] }) }, {})
  assert.deepEqual(list(SchemaInfo).decode(infos, root), infos)
})
