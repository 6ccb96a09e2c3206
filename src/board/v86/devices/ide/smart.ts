import type { IdeDrive } from './ide-drive.ts'

/** What the registers hold with every SMART command, and with an answer that all is well. */
const [keyLow, keyHigh] = [0x4f, 0xc2]

const feature = {
  readData: 0xd0,
  readThresholds: 0xd1,
  autosave: 0xd2,
  executeOffline: 0xd4,
  readLog: 0xd5,
  enable: 0xd8,
  disable: 0xd9,
  status: 0xda,
} as const

/** Number, two bytes of flags, value, worst value, then six bytes raw; and the threshold. */
const attributes = [
  [[0x01, 0x03, 0x00, 0x64, 0x64, 0, 0, 0, 0, 0, 0], 0x06],
  [[0x03, 0x03, 0x00, 0x64, 0x64, 0x10, 0, 0, 0, 0, 0], 0x46],
  [[0x04, 0x02, 0x00, 0x64, 0x64, 0x64, 0, 0, 0, 0, 0], 0x14],
  [[0x05, 0x03, 0x00, 0x64, 0x64, 0, 0, 0, 0, 0, 0], 0x36],
  [[0x09, 0x03, 0x00, 0x64, 0x64, 0x01, 0, 0, 0, 0, 0], 0x00],
  [[0x0c, 0x03, 0x00, 0x64, 0x64, 0, 0, 0, 0, 0, 0], 0x00],
  [[0xbe, 0x03, 0x00, 0x45, 0x45, 0x1f, 0x00, 0x1f, 0x1f, 0, 0], 0x32],
] as const

/** A self-test takes 24 bytes of the log, which has place for 21. */
const [testBytes, mostTests] = [24, 21]

/** What a disk says of its health: the same as QEMU's, always well. */
export class Smart {
  #enabled = true
  #autosave = true
  #tests = 0
  readonly #log = new Uint8Array(512)

  /** Does a SMART command. @returns false to have it aborted; `answered` if the drive's data is under way */
  command(drive: IdeDrive): boolean | 'answered' {
    const { registers } = drive
    if (registers.cylinderHigh !== keyHigh || registers.cylinderLow !== keyLow) return false
    if (!this.#enabled && registers.feature !== feature.enable) return false
    switch (registers.feature) {
      case feature.disable:
      case feature.enable:
        this.#enabled = registers.feature === feature.enable
        return true
      case feature.autosave:
        if (registers.sector !== 0 && registers.sector !== 0xf1) return false
        this.#autosave = registers.sector === 0xf1
        return true
      case feature.status:
        return true
      case feature.readThresholds:
        return answer(drive, (sector) =>
          fillAttributes(sector, (index) => [attributes[index]![0][0], attributes[index]![1]]),
        )
      case feature.readData:
        return answer(drive, (sector) => this.#fillData(sector))
      case feature.readLog:
        return this.#readLog(drive)
      case feature.executeOffline:
        return this.#execute(registers.sector)
      default:
        return false
    }
  }

  getState(): unknown[] {
    return [this.#enabled, this.#autosave, this.#tests, [...this.#log]]
  }

  setState(state: unknown): void {
    const [enabled, autosave, tests, log] = state as [boolean, boolean, number, number[]]
    this.#enabled = enabled
    this.#autosave = autosave
    this.#tests = tests
    this.#log.set(log)
  }

  #fillData(sector: Uint8Array): void {
    fillAttributes(sector, (index) => attributes[index]![0])
    sector[362] = 0x02 | (this.#autosave ? 0x80 : 0)
    sector[363] = this.#tests === 0 ? 0 : this.#log[3 + (this.#tests - 1) * testBytes]!
    sector.set([0x20, 0x01, 0, 0x19, 0x03, 0, 0x01, 0, 0x02, 0x36, 0x01], 364)
  }

  #readLog(drive: IdeDrive): boolean | 'answered' {
    if (drive.registers.sector === 0x01) return answer(drive, (sector) => sector.set([0x01]))
    if (drive.registers.sector !== 0x06) return false
    return answer(drive, (sector) => {
      sector[0] = 0x01
      if (this.#tests === 0) return
      sector.set(this.#log.subarray(2, 506), 2)
      sector[508] = this.#tests
    })
  }

  /** Tests are done at once, and well. */
  #execute(kind: number): boolean {
    if (kind > 2) return false
    this.#tests++
    if (this.#tests > mostTests) this.#tests = 1
    this.#log.set([kind, 0x00, 0x34, 0x12], 2 + (this.#tests - 1) * testBytes)
    return true
  }
}

function answer(drive: IdeDrive, fill: (sector: Uint8Array) => void): 'answered' {
  drive.answerSector((sector) => {
    fill(sector)
    sector[511] = -sector.subarray(0, 511).reduce((sum, byte) => sum + byte, 0)
  })
  return 'answered'
}

function fillAttributes(sector: Uint8Array, rowOf: (index: number) => readonly number[]): void {
  sector[0] = 0x01
  for (let index = 0; index < attributes.length; index++) sector.set(rowOf(index), 2 + 12 * index)
}
