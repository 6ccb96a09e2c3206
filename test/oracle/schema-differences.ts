/** Compares what two schemas say of one command or event, down to the last member; names of types mean nothing. */
import type { SchemaInfo } from '../../src/qapi/index.ts'

type Entries = ReadonlyMap<string, SchemaInfo>

export function entriesOf(schema: readonly SchemaInfo[]): Entries {
  return new Map(schema.map((info) => [info.name, info]))
}

/** The paths at which `name` differs, each with what is expected and what is there. Order counts. */
export function schemaDifferences(expected: Entries, actual: Entries, name: string): string[] {
  const differences: string[] = []
  const compared = new Set<string>()

  function compare(expectedName: string, actualName: string, path: string): void {
    const pair = `${expectedName} ${actualName}`
    if (compared.has(pair)) return
    compared.add(pair)
    const [want, got] = [describe(expected, expectedName), describe(actual, actualName)]
    if (want.text !== got.text) {
      differences.push(`${path}: expected ${want.text}, got ${got.text}`)
      return
    }
    want.uses.forEach(([step, type], index) => {
      compare(type, got.uses[index]![1], `${path}${step}`)
    })
  }

  compare(name, name, name)
  return differences
}

interface Described {
  /** All that an entry says, without names of types. */
  readonly text: string
  /** The types that it names, with how one gets there. */
  readonly uses: readonly (readonly [step: string, type: string])[]
}

function describe(entries: Entries, name: string): Described {
  const info = entries.get(name)
  if (info === undefined) return { text: 'nothing', uses: [] }
  const uses: [string, string][] = []
  const use = (step: string, type: string) => {
    uses.push([step, type])
    return '?'
  }
  const said = ((): object => {
    switch (info['meta-type']) {
      case 'builtin':
      case 'enum':
        return { ...info, name: '' }
      case 'array':
        return { ...info, name: '', 'element-type': use('[]', info['element-type']) }
      case 'alternate':
        return { ...info, name: '', members: info.members.map(({ type }, index) => use(`|${index}`, type)) }
      case 'command':
        return { ...info, 'arg-type': use('', info['arg-type']), 'ret-type': use(' returns', info['ret-type']) }
      case 'event':
        return { ...info, 'arg-type': use('', info['arg-type']) }
      case 'object':
        return {
          ...info,
          name: '',
          members: info.members.map((member) => ({ ...member, type: use(`.${member.name}`, member.type) })),
          variants: info.variants?.map((variant) => ({ ...variant, type: use(`<${variant.case}>`, variant.type) })),
        }
    }
  })()
  return { text: JSON.stringify(said, sortMembers), uses }
}

function sortMembers(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
