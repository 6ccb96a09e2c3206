import { PlugError } from './plug-error.ts'

/** Where devices that a user has asked for are in the tree of objects: by their ids, or by numbers. */
export class DeviceNames {
  readonly #ids = new Set<string>()
  #unnamed = 0

  /** @throws {PlugError} in QEMU's words, if the id is taken */
  take(id: string | undefined): string {
    if (id === undefined) return `/machine/peripheral-anon/device[${this.#unnamed++}]`
    if (this.#ids.has(id)) throw new PlugError(`Duplicate device ID '${id}'`)
    this.#ids.add(id)
    return `/machine/peripheral/${id}`
  }

  /** A name is free again; numbers are not given a second time. */
  release(id: string | undefined): void {
    if (id !== undefined) this.#ids.delete(id)
  }
}
