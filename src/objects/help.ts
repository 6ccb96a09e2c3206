import { baseTypes, TypeTable } from '../qom/index.ts'
import { objectKindNames } from './object-options.ts'
import { objectKindTypes } from './types.ts'

const types = new TypeTable([...baseTypes, ...objectKindTypes])
/** They are there to be read. */
const readOnly = new Set(['type', 'loaded', 'opened'])

/** What `-object help` prints. */
export function listOfObjectKinds(): string {
  return `List of user creatable objects:\n${objectKindNames.map((name) => `  ${name}\n`).join('')}`
}

export function namesOfObjectKinds(): readonly string[] {
  return objectKindNames
}

/** What `-object KIND,help` prints; the list of all kinds, if there is no such kind. */
export function helpOfObject(kind: string): string {
  if (!objectKindNames.includes(kind)) return listOfObjectKinds()
  const lines = types
    .propertiesOf(kind)
    .filter(({ name }) => !readOnly.has(name))
    .map(({ name, type, description }) => line(`  ${name}=<${type}>`, description))
  return lines.length === 0 ? `There are no options for ${kind}.\n` : `${kind} options:\n${lines.sort().join('')}`
}

function line(left: string, description: string | undefined): string {
  return description === undefined ? `${left}\n` : `${left.padEnd(24)} - ${description}\n`
}
