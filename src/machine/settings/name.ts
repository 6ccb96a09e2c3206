import { isUuid, mergeOptionLists, OptionError, type OptionKinds, type OptionList } from '../../keyval/index.ts'

/** What `-name` takes; the guest's name comes first without a name. */
export const nameKinds: OptionKinds = { guest: 'string', process: 'string', 'debug-threads': 'boolean' }

/** The guest's name and the process's, as far as they were said. */
export function namesOf(lists: readonly OptionList[]): { guest: string | undefined; process: string | undefined } {
  const list = mergeOptionLists(lists)
  return { guest: list.get('guest'), process: list.get('process') }
}

/**
 * A UUID in lower case.
 *
 * @throws {OptionError} if it is not written as 8-4-4-4-12 hexadecimal digits
 */
export function parseUuid(text: string): string {
  if (!isUuid(text)) throw new OptionError('failed to parse UUID string: wrong format')
  return text.toLowerCase()
}
