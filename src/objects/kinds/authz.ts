import { list, oneOf, opt, req, str, struct } from '../../qapi/index.ts'
import { remembered } from '../../qom/index.ts'
import type { ObjectKind } from '../object-kind.ts'
import { fitsPattern } from './glob-pattern.ts'

/** Who may do something: one name. */
export const authzSimple: ObjectKind<{ readonly identity: string }> = {
  options: struct('AuthZSimpleProperties', { identity: req(str, 'the name') }),
  make: (said) => {
    const identity = remembered('identity', str, said.identity)
    return { access: { identity }, authorizes: (name) => name === identity.get() }
  },
}

const policy = oneOf('QAuthZListPolicy', ['deny', 'allow'])
const rules = list(
  struct('QAuthZListRule', {
    match: req(str, 'the name, or a pattern'),
    policy: req(policy, 'what follows if a name fits'),
    format: opt(oneOf('QAuthZListFormat', ['exact', 'glob']), 'how names are compared'),
  }),
)

interface Rule {
  readonly match: string
  readonly policy: 'deny' | 'allow'
  readonly format?: 'exact' | 'glob'
}

interface ListOptions {
  readonly policy?: 'deny' | 'allow'
  readonly rules?: readonly Rule[]
}

/** Who may do something: a list of names and patterns, of which the first that fits counts. */
export const authzList: ObjectKind<ListOptions> = {
  options: struct('AuthZListProperties', {
    policy: opt(policy, 'what follows if nothing fits; deny if nothing is said'),
    rules: opt(rules, 'the list'),
  }) as ObjectKind<ListOptions>['options'],
  make: (said) => {
    const access = {
      policy: remembered<'deny' | 'allow'>('policy', policy, said.policy ?? 'deny'),
      rules: remembered<unknown>('rules', rules, said.rules ?? []),
    }
    const authorizes = (name: string): boolean => {
      const first = (access.rules.get() as readonly Rule[]).find((rule) => fits(name, rule))
      return (first?.policy ?? access.policy.get()) === 'allow'
    }
    return { access, authorizes }
  },
}

function fits(name: string, { match, format = 'exact' }: Rule): boolean {
  return format === 'glob' ? fitsPattern(name, match) : name === match
}
