import { mergeOptionLists, OptionError, type OptionKinds, type OptionList } from '../../keyval/index.ts'
import { type Actions, actionTypes, defaultActions } from '../../runstate/index.ts'

/** What `-action` takes. */
export const actionKinds: OptionKinds = Object.fromEntries(Object.keys(actionTypes).map((name) => [name, 'string']))

/**
 * What is to be done, of which later lists change what earlier ones say.
 *
 * @throws {OptionError} if it is something that cannot be done
 */
export function actionsOf(lists: readonly OptionList[]): Actions {
  const list = mergeOptionLists(lists)
  const actions: Record<keyof Actions, string> = { ...defaultActions }
  for (const name of Object.keys(actionTypes) as (keyof Actions)[]) {
    const word = list.get(name) ?? actions[name]
    if (!(actionTypes[name].words as readonly string[]).includes(word))
      throw new OptionError(`Parameter '${name}' does not accept value '${word}'`)
    actions[name] = word
  }
  return actions as Actions
}
