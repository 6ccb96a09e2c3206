/**
 * A user's words are looked up among those of a table alone, never among what every JavaScript object has: recorded
 * commands, lines of the human monitor and command lines, with one of their words replaced by such a name.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseCommandLine } from '../../src/cli/parse-command-line.ts'
import { type RunningMachine, startMachine } from '../../src/index.ts'
import { Machine } from '../../src/machine/index.ts'
import { refusals } from '../oracle/command-lines.ts'
import { transcripts } from '../oracle/transcripts.ts'

const names = ['constructor', '__proto__', 'toString']
/** What a value that was taken for one of the table leaves in an answer. */
const signs = /Internal error|native code|\[object |undefined|TypeError|not a function/
/** These end the machine, or ask a name server. */
const omitted = /"execute": *"(quit|__org\.vmon_\w+)"/
const hosts = new Set(['host', 'hostname'])
const home = process.cwd()
const silent = (): void => undefined

type Json = Readonly<Record<string, unknown>>

const steps = [...transcripts.values()].flat().flatMap((recorded) => recorded.steps.map(({ send }) => send ?? ''))
const sent = steps.filter((text) => text.includes('"execute"') && !omitted.test(text))
const commands = [...new Map(sent.flatMap(asCommand).map((one) => [JSON.stringify(one), one])).values()]
const lines = new Set(commands.flatMap(lineOf))

function asCommand(text: string): { execute: string; arguments: Json }[] {
  try {
    const { execute, arguments: given = {} } = JSON.parse(text) as { execute: unknown; arguments?: Json | null }
    return typeof execute === 'string' && typeof given === 'object' && given !== null
      ? [{ execute, arguments: given }]
      : []
  } catch {
    return []
  }
}

function lineOf({ execute, arguments: given }: { execute: string; arguments: Json }): string[] {
  const line = given['command-line']
  return execute === 'human-monitor-command' && typeof line === 'string' && !/^q/.test(line) ? [line] : []
}

/** The value with one of its texts, or of its members' names, replaced: all that there are, with where. */
function* replaced(value: unknown, path = ''): Generator<[place: string, with_: (name: string) => unknown]> {
  if (typeof value === 'string' && !hosts.has(path.split('.').at(-1)!)) yield [path, (name) => name]
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield [`${path}.*`, (name) => withMember(value as Json, name, 'x')]
  for (const [key, inner] of Object.entries(value)) {
    for (const [place, change] of replaced(inner, `${path}.${Array.isArray(value) ? '0' : key}`)) {
      const outer = (name: string): unknown =>
        Array.isArray(value)
          ? value.map((one, index) => (index === Number(key) ? change(name) : one))
          : withMember(value as Json, key, change(name))
      yield [place, outer]
    }
  }
}

/** `__proto__` becomes a member of its own, too. */
function withMember(object: Json, name: string, value: unknown): Json {
  return Object.fromEntries([...Object.entries(object), [name, value]])
}

/** A list of `key=value`: each key, and each value. */
function* replacedInList(text: string): Generator<(name: string) => string> {
  yield (name) => `${text},${name}=x`
  const parts = text.split(',')
  for (const [index, part] of parts.entries()) {
    const key = /^[^=]*=/.exec(part)?.[0] ?? ''
    if (!hosts.has(key.slice(0, -1).split('.').at(-1)!)) {
      yield (name) => parts.with(index, `${key}${name}`).join(',')
    }
  }
}

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmon-words-'))
  process.chdir(folder)
})
after(() => {
  process.chdir(home)
  rmSync(folder, { recursive: true })
})

describe('names that every object has are only names', () => {
  let vm: RunningMachine
  before(async () => {
    vm = await startMachine({ accel: 'none', blockdevs: [{ driver: 'null-co', 'node-name': 'n0' }] })
  })
  after(() => vm.close())

  async function answerTo(execute: string, given: Json): Promise<string> {
    try {
      return JSON.stringify(await vm.qmp.execute(execute as 'query-name', given as never)) ?? ''
    } catch (error) {
      return (error as Error).message
    }
  }

  it('in arguments of QMP', async () => {
    const seen = new Set<string>()
    const wrong: string[] = []
    for (const { execute, arguments: given } of commands) {
      for (const [place, change] of replaced(given)) {
        const kinds = ['type', 'driver', 'qom-type', 'backend'].map((key) => String(given[key])).join()
        const key = `${execute} ${kinds} ${place}`
        if (seen.has(key)) continue
        seen.add(key)
        for (const name of names) {
          const answer = await answerTo(execute, change(name) as Json)
          if (signs.test(answer)) wrong.push(`${execute} ${place} ${name}: ${answer}`)
        }
      }
    }
    assert.deepEqual(wrong, [])
    console.log(`${seen.size * names.length} commands of QMP`)
  })

  it('in lines of the human monitor', async () => {
    const seen = new Set<string>()
    const wrong: string[] = []
    const kinds = new Set<string>()
    for (const line of lines) {
      const words = line.split(/\s+/)
      for (const index of words.keys()) {
        // One of each command with so many words, and of each list with these keys.
        const kind = `${words[0]} ${words.length} ${index} ${words[index]!.replace(/=[^,]*/g, '=')}`
        const isList = words[index]!.includes('=')
        if (kinds.has(isList ? kind : `${words[0]} ${words.length} ${index}`)) continue
        kinds.add(isList ? kind : `${words[0]} ${words.length} ${index}`)
        if (index > 0 || words.length === 1) for (const name of names) seen.add(words.with(index, name).join(' '))
        for (const change of index > 0 ? replacedInList(words[index]!) : []) {
          for (const name of names) seen.add(words.with(index, change(name)).join(' '))
        }
      }
    }
    for (const name of names) seen.add(`print $${name}`).add(`info ${name}`).add(`help ${name}`).add(`sendkey ${name}`)
    for (const line of seen) {
      const answer = await answerTo('human-monitor-command', { 'command-line': line })
      if (signs.test(answer)) wrong.push(`${line}: ${answer}`)
    }
    assert.deepEqual(wrong, [])
    console.log(`${seen.size} lines of the human monitor`)
  })
})

describe('names that every object has are only names', () => {
  it('in command lines', async () => {
    const setups = [...transcripts.values()].flat().map(({ setup }) => setup)
    const pairs = [...setups, ...refusals.map(([words]) => words)].flatMap((words) =>
      words.flatMap((word, index) =>
        word.startsWith('-') && index + 1 < words.length ? [[word, words[index + 1]!]] : [],
      ),
    )
    const seen = new Set<string>()
    const wrong: string[] = []
    const kinds = new Set<string>()
    for (const [option, value] of pairs as [string, string][]) {
      // One of each list with these keys, and of what stands before them.
      const kind = `${option} ${value.replace(/=[^,]*/g, '=')}`
      if (value.startsWith('{') || kinds.has(kind)) continue
      kinds.add(kind)
      for (const change of [(name: string) => name, ...replacedInList(value)]) {
        for (const name of names) seen.add(JSON.stringify([option, change(name)]))
      }
    }
    for (const line of seen) {
      const said = await complaintOf(JSON.parse(line) as string[])
      if (signs.test(said)) wrong.push(`${line}: ${said}`)
    }
    assert.deepEqual(wrong, [])
    console.log(`${seen.size} command lines`)
  })
})

async function complaintOf(words: readonly string[]): Promise<string> {
  const warnings: string[] = []
  const warn = (text: string): number => warnings.push(text)
  try {
    const config = parseCommandLine(['-accel', 'none', '-display', 'none', ...words], silent).config()
    await using _machine = await Machine.start(config, { warn })
    return warnings.join('\n')
  } catch (error) {
    return `${error}`
  }
}
