import { expiryOf } from '../display/index.ts'
import { QmpError } from '../qapi/index.ts'
import type { Duplex } from '../transport/index.ts'
import type { VncDisplay, VncDisplayInfo } from './vnc-display.ts'

/** A machine's displays, the first one first: what management does with them. */
export class VncDisplays {
  readonly #displays: VncDisplay[] = []

  add(display: VncDisplay): void {
    this.#displays.push(display)
  }

  /** What is known of each; the last one first, as QEMU lists them. */
  list(): VncDisplayInfo[] {
    return this.#displays.map((display) => display.info()).reverse()
  }

  /** What is known of the first one; undefined if there is none. */
  get first(): VncDisplayInfo | undefined {
    return this.#displays[0]?.info()
  }

  /** @throws {QmpError} if there is no such display, or its clients need no password */
  setPassword(text: string, id?: string): void {
    if (this.#find(id)?.setPassword(text) !== true) throw new QmpError('GenericError', 'Could not set password')
  }

  /** Whether a display is there whose clients need no password. */
  isOpen(id?: string): boolean {
    return this.#find(id)?.auth.auth === 'none'
  }

  /** @param time - as `expiryOf()` reads it. @throws {QmpError} if there is no such display */
  expirePassword(time: string, id?: string): void {
    const display = this.#find(id)
    if (display === undefined) throw new QmpError('GenericError', 'Could not set password expire time')
    display.expirePassword(expiryOf(time))
  }

  /** The display that commands without an id mean. @throws {QmpError} GenericError, if there is none */
  firstDisplay(): VncDisplay {
    const display = this.#displays[0]
    if (display === undefined) throw new QmpError('GenericError', 'Can not find vnc display')
    return display
  }

  /** Lets the first display serve somebody who is connected already. @returns false if there is no display */
  addClient(connection: () => Duplex, skipAuth: boolean): boolean {
    this.#displays[0]?.addClient(connection(), skipAuth)
    return this.#displays.length > 0
  }

  #find(id: string | undefined): VncDisplay | undefined {
    return id === undefined ? this.#displays[0] : this.#displays.find((display) => display.id === id)
  }
}
