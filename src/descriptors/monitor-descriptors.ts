import { closeSync } from 'node:fs'
import { QmpError } from '../qapi/index.ts'

/** Descriptors that a monitor has given names, for commands to take. They outlast the client that has passed them. */
export class NamedDescriptors implements Disposable {
  readonly #descriptors = new Map<string, number>()

  /** Gives a descriptor a name; who had that name before is closed. */
  set(name: string, fd: number): void {
    const before = this.#descriptors.get(name)
    if (before !== undefined) closeSync(before)
    this.#descriptors.set(name, fd)
  }

  /** Takes a descriptor, and its name away; undefined if nothing has that name. */
  take(name: string): number | undefined {
    const fd = this.#descriptors.get(name)
    this.#descriptors.delete(name)
    return fd
  }

  /** Closes all. */
  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.values()) closeSync(fd)
    this.#descriptors.clear()
  }
}

/**
 * The descriptors that commands of one client of a monitor can have: what came with the last message that brought some,
 * and what the monitor has given names.
 */
export class MonitorDescriptors implements Disposable {
  readonly #named: NamedDescriptors
  #received: readonly number[] = []

  constructor(named: NamedDescriptors) {
    this.#named = named
  }

  /** Takes what has come with a message; what came before and was not asked for is closed. */
  arrived(descriptors: readonly number[]): void {
    closeAll(this.#received)
    this.#received = descriptors
  }

  /**
   * Takes the first descriptor that came last, and closes those that came with it. It is the caller's.
   *
   * @throws {QmpError} GenericError, if none has come
   */
  takeReceived(): number {
    const [first, ...others] = this.#received
    this.#received = []
    closeAll(others)
    if (first === undefined) throw new QmpError('GenericError', 'No file descriptor supplied via SCM_RIGHTS')
    return first
  }

  /**
   * Gives what has come last a name.
   *
   * @throws {QmpError} GenericError, if none has come, or if the name begins with a digit; it is closed then
   */
  nameReceived(name: string): void {
    const fd = this.takeReceived()
    if (/^[0-9]/.test(name)) {
      closeSync(fd)
      throw new QmpError('GenericError', "Parameter 'fdname' expects a name not starting with a digit")
    }
    this.#named.set(name, fd)
  }

  /** @throws {QmpError} GenericError, if nothing has that name */
  closeNamed(name: string): void {
    const fd = this.#named.take(name)
    if (fd === undefined) throw new QmpError('GenericError', `File descriptor named '${name}' not found`)
    closeSync(fd)
  }

  /**
   * Takes a descriptor by its name, which is free again. It is the caller's.
   *
   * @throws {QmpError} GenericError, if nothing has that name
   */
  takeNamed(name: string): number {
    const fd = this.#named.take(name)
    if (fd === undefined) throw new QmpError('GenericError', `File descriptor named '${name}' has not been found`)
    return fd
  }

  /**
   * Takes a descriptor by its name, or by the number under which the program was started with it.
   *
   * @throws {QmpError} GenericError, if nothing has that name, or it begins with a digit and is no number
   */
  takeNamedOrInherited(name: string): number {
    return /^[0-9]/.test(name) ? inheritedDescriptor(name) : this.takeNamed(name)
  }

  /** The client is gone: closes what it has passed and nobody has asked for. */
  [Symbol.dispose](): void {
    this.arrived([])
  }
}

/**
 * A descriptor that the program was started with.
 *
 * @throws {QmpError} GenericError, if that is no number
 */
export function inheritedDescriptor(number: string): number {
  if (!/^[0-9]+$/.test(number)) throw new QmpError('GenericError', `Invalid file descriptor number '${number}'`)
  return Number(number)
}

function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor)
}
