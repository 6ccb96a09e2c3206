import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type CommandTable,
  type EventTable,
  event,
  family,
  type ObjectType,
  type SchemaInfo,
  schemaOf,
} from '../../src/qapi/index.ts'
import { complaint } from './complaint.ts'
import { missingProgram } from './peers.ts'
import { Questions } from './questions.ts'
import { nearlyFitting, pick, randomFrom } from './random-values.ts'
import { entriesOf, schemaDifferences } from './schema-differences.ts'
import { typesFromSchema } from './types-from-schema.ts'

const qemu = 'qemu-system-i386'
const command = family<unknown>()

/** Commands whose arguments QEMU reads by hand, not as its schema declares them. */
const byHand = new Set(['device_add'])

/** QEMU's own commands and events, declared in our language. */
function declarationsOf(schema: readonly SchemaInfo[]): { commands: CommandTable; events: EventTable } {
  const typeOf = typesFromSchema(schema)
  const described = { since: '', doc: '', examples: [] }
  const commands: Record<string, CommandTable[string]> = {}
  const events: Record<string, EventTable[string]> = {}
  for (const info of schema) {
    const features = 'features' in info && info.features !== undefined ? { features: info.features } : {}
    if (info['meta-type'] === 'command') {
      commands[info.name] = command({
        ...described,
        ...features,
        args: typeOf(info['arg-type']) as ObjectType<any>,
        returns: typeOf(info['ret-type']),
        oob: info['allow-oob'] === true,
        run: () => assert.fail('never run'),
      })
    } else if (info['meta-type'] === 'event') {
      const { shape } = typeOf(info['arg-type'])
      assert.equal(shape.meta, 'object')
      events[info.name] = event({ ...described, ...features, ...(shape.meta === 'object' && { data: shape.members }) })
    }
  }
  return { commands, events }
}

/** The schema does not tell the size of integers and the name of an alternate, on which these texts depend. */
function withoutSecrets(text: string): string {
  return text
    .replace(/^Parameter '(.*)' expects uint64$/, "Invalid parameter type for '$1', expected: integer")
    .replace(/^(Invalid parameter type for '.*', expected: )(?:[A-Z]\w*|\d+)$/, '$1an alternate')
}

describe('all commands of QEMU, declared in our language', { skip: missingProgram(qemu) }, () => {
  let questions: Questions
  let schema: readonly SchemaInfo[]
  let declared: ReturnType<typeof declarationsOf>

  before(async () => {
    questions = await Questions.to(qemu, '-machine', 'none', '-nodefaults', '-display', 'none')
    const [answer] = await questions.ask([{ execute: 'query-qmp-schema' }])
    schema = answer!.return as readonly SchemaInfo[]
    declared = declarationsOf(schema)
  })
  after(() => questions[Symbol.asyncDispose]())

  it('are described as QEMU describes them', () => {
    const [theirs, ours] = [entriesOf(schema), entriesOf(schemaOf(declared.commands, declared.events))]
    const names = [...Object.keys(declared.commands), ...Object.keys(declared.events)]
    assert.ok(names.length > 250)
    assert.deepEqual(
      names.flatMap((name) => schemaDifferences(theirs, ours, name)),
      [],
    )
  })

  it('refuse wrong arguments with the words of QEMU', async () => {
    const random = randomFrom(11)
    const names = Object.keys(declared.commands).filter((name) => !byHand.has(name))
    const cases: { name: string; text: string; said: string }[] = []
    while (cases.length < 4000) {
      const name = pick(random, names)
      const { arguments: type } = declared.commands[name]!
      const args = nearlyFitting(type, random)
      if (typeof args !== 'object' || args === null || Array.isArray(args)) continue
      const text = JSON.stringify(args)
      const said = complaint(type, text)
      // What fits would be carried out.
      if (said !== undefined) cases.push({ name, text, said })
    }
    const replies = await questions.ask(cases.map(({ name, text }) => `{"execute": "${name}", "arguments": ${text}}`))
    for (const [index, { name, text, said }] of cases.entries()) {
      const theirs = replies[index]!.error?.desc ?? 'nothing'
      assert.equal(withoutSecrets(said), withoutSecrets(theirs), `${name} ${text}`)
    }
  })
})
