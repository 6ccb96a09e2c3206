import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { commands, events } from '../../src/commands/index.ts'
import { type CommandTable, type SchemaInfo, schemaOf } from '../../src/qapi/index.ts'
import { droppedCommands, ownCommands, ownEvents, ownFeature } from './dropped-commands.ts'
import { missingProgram } from './peers.ts'
import { Questions } from './questions.ts'
import { entriesOf, schemaDifferences } from './schema-differences.ts'

const qemu = 'qemu-system-i386'

/** They tell what vmon has, which is less: drivers of nodes, actions of transactions, kinds of exports, objects, memory. */
const less: ReadonlySet<string> = new Set([
  'blockdev-add',
  'blockdev-create',
  'blockdev-reopen',
  'x-blockdev-amend',
  'transaction',
  'block-export-add',
  'query-block-exports',
  'object-add',
  'query-memory-devices',
])
const isOurs = (name: string): boolean => droppedCommands.has(name) || ownCommands.has(name) || ownEvents.has(name)
const inBoth = [...Object.keys(commands), ...Object.keys(events)].filter((name) => !isOurs(name) && !less.has(name))

/** Members of our own are told by their feature. */
function withoutOwn(info: SchemaInfo): SchemaInfo {
  if (info['meta-type'] !== 'object') return info
  return { ...info, members: info.members.filter(({ features }) => features?.includes(ownFeature) !== true) }
}

describe('the schema', { skip: missingProgram(qemu) }, () => {
  const ours = entriesOf(schemaOf(commands, events).map(withoutOwn))
  let theirs: ReadonlyMap<string, SchemaInfo>

  before(async () => {
    await using questions = await Questions.to(qemu, '-machine', 'none', '-nodefaults', '-display', 'none')
    const [answer] = await questions.ask([{ execute: 'query-qmp-schema' }])
    theirs = entriesOf(answer!.return as SchemaInfo[])
  })

  for (const name of inBoth) {
    it(`describes ${name} as QEMU does`, () => {
      assert.deepEqual(schemaDifferences(theirs, ours, name), [])
    })
  }

  it('holds no command that QEMU dropped without our knowing', () => {
    assert.deepEqual(
      Object.keys(commands).filter((name) => !theirs.has(name) && !isOurs(name)),
      [],
    )
  })
})

it('commands may be called before the machine is built exactly where QEMU lets them', {
  skip: missingProgram(qemu),
}, async () => {
  await using questions = await Questions.to(qemu, '-preconfig', '-nodefaults', '-display', 'none')
  const names = Object.keys(commands).filter((name) => !isOurs(name))
  // The member too many keeps every one of them from being carried out.
  const replies = await questions.ask(names.map((execute) => ({ execute, arguments: { 'no-such-member': 0 } })))
  const early = names.filter((_, index) => !replies[index]!.error!.desc.includes('only after machine initialization'))
  const declared = names.filter((name) => (commands as CommandTable)[name]!.preconfig === true)
  assert.deepEqual(declared, early)
})
