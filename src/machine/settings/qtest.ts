import type { ChardevOptions } from '../../chardev/index.ts'
import type { Asked, MachineConfig } from '../config.ts'
import { openByWord } from './character-devices.ts'

/** What `-qtest` and `-qtest-log` say; of several the last counts. */
export class QtestDraft {
  #device: string | undefined
  #log: string | undefined

  device(text: string): void {
    this.#device = text
  }

  log(target: string): void {
    this.#log = target
  }

  /**
   * Who serves tests, whose character device is added to `backends`; undefined if nobody was asked for.
   *
   * @throws {ConfigError} in QEMU's words, if it cannot be
   */
  finish(backends: (ChardevOptions & Asked)[]): MachineConfig['qtest'] {
    if (this.#device === undefined) return undefined
    const consequence = `Failed to initialize device for qtest: "${this.#device}"`
    return {
      chardev: openByWord(this.#device, 'qtest', { origin: undefined, consequence }, backends),
      log: this.#log,
    }
  }
}
