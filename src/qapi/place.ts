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

/** A place below another one; spells itself out only when a complaint asks for it. */
class Below implements Place {
  readonly #parent: Place
  readonly #step: string | number

  constructor(parent: Place, step: string | number) {
    this.#parent = parent
    this.#step = step
  }

  get leaf(): string {
    return typeof this.#step === 'number' ? 'null' : this.#step
  }

  get path(): string {
    const { path } = this.#parent
    if (typeof this.#step === 'number') return `${path}[${this.#step}]`
    return path === '' ? this.#step : `${path}.${this.#step}`
  }
}

export function memberAt(at: Place, name: string): Place {
  return new Below(at, name)
}

export function elementAt(at: Place, index: number): Place {
  return new Below(at, index)
}

/** QEMU's complaint of a value of the wrong JSON type. */
export function wrongType(at: Place, expected: string): QmpError {
  return new QmpError('GenericError', `Invalid parameter type for '${at.path || at.leaf}', expected: ${expected}`)
}
