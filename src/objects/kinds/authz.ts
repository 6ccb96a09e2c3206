import { list, oneOf, opt, req, str, struct } from '../../qapi/index.ts'
import { remembered } from '../../qom/index.ts'
import type { ObjectKind } from '../object-kind.ts'

/** Who may do something: one name. */
export const authzSimple: ObjectKind<{ readonly identity: string }> = {
  options: struct('AuthZSimpleProperties', { identity: req(str, 'the name') }),
  make: ({ identity }) => ({ access: { identity: remembered('identity', str, identity) } }),
}

const policy = oneOf('QAuthZListPolicy', ['deny', 'allow'])
const rules = list(
  struct('QAuthZListRule', {
    match: req(str, 'the name, or a pattern'),
    policy: req(policy, 'what follows if a name fits'),
    format: opt(oneOf('QAuthZListFormat', ['exact', 'glob']), 'how names are compared'),
  }),
)

interface ListOptions {
  readonly policy?: 'deny' | 'allow'
  readonly rules?: readonly unknown[]
}

/** Who may do something: a list of names and patterns, of which the first that fits counts. */
export const authzList: ObjectKind<ListOptions> = {
  options: struct('AuthZListProperties', {
    policy: opt(policy, 'what follows if nothing fits; deny if nothing is said'),
    rules: opt(rules, 'the list'),
  }) as ObjectKind<ListOptions>['options'],
  make: (said) => ({
    access: {
      policy: remembered('policy', policy, said.policy ?? 'deny'),
      rules: remembered<unknown>('rules', rules, said.rules ?? []),
    },
  }),
}
