import { QmpError } from './qmp-error.ts'

/**
 * Where in the arguments a value stands. Some of QEMU's texts name the whole path (`actions[0].data.device`), others the
 * last name alone; an element of a list has no name, which QEMU prints as `null`.
 */
export interface Place {
  readonly leaf: string
  readonly path: string
}

/** The place of the arguments themselves. */
export const root: Place = { leaf: '<anonymous>', path: '' }

export function memberAt(at: Place, name: string): Place {
  return { leaf: name, path: at.path === '' ? name : `${at.path}.${name}` }
}

export function elementAt(at: Place, index: number): Place {
  return { leaf: 'null', path: `${at.path}[${index}]` }
}

/** QEMU's complaint of a value of the wrong JSON type. */
export function wrongType(at: Place, expected: string): QmpError {
  return new QmpError('GenericError', `Invalid parameter type for '${at.path || at.leaf}', expected: ${expected}`)
}
