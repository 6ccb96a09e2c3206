import type { MemoryResponder } from '../../board/index.ts'
import { blockBytes, bufferBytes, queryTable } from './query-table.ts'

/** Intel's commands, as the guest writes them anywhere into the chip. */
const commands = {
  program: 0x10,
  erase: 0x20,
  programAlso: 0x40,
  clearStatus: 0x50,
  lock: 0x60,
  readStatus: 0x70,
  readId: 0x90,
  query: 0x98,
  confirm: 0xd0,
  programBuffer: 0xe8,
} as const
const lockSet = 0x01
const readArray = 0xff

const ready = 0x80
const eraseFailed = 0x20
const programFailed = 0x10
const erased = 0xff

type Mode = 'array' | 'program' | 'erase' | 'lock' | 'status' | 'id' | 'query' | 'buffer'

const modes: ReadonlyMap<number, Mode> = new Map([
  [commands.program, 'program'],
  [commands.programAlso, 'program'],
  [commands.erase, 'erase'],
  [commands.lock, 'lock'],
  [commands.readStatus, 'status'],
  [commands.readId, 'id'],
  [commands.query, 'query'],
  [commands.programBuffer, 'buffer'],
])

/** Everything of a chip but for what it holds. */
export interface ChipState {
  readonly mode: Mode
  /** How many writes of the command have come. */
  readonly step: number
  readonly status: number
  /** How many bytes are still to come for the buffer, less one. */
  readonly left: number
  /** Where the buffer is to go. */
  readonly block: number
}

/** Whether that is a state that a chip of so many bytes can be in. */
export function isChipState(state: Partial<Record<keyof ChipState, unknown>>, length: number): state is ChipState {
  const { mode, step, status, left, block } = state
  const known: readonly unknown[] = ['array', ...modes.values()]
  const isCount = (value: unknown, end: number): boolean =>
    typeof value === 'number' && Number.isInteger(value) && value >= -1 && value < end
  const isBlock = typeof block === 'number' && block >= 0 && block % bufferBytes === 0 && block + bufferBytes <= length
  return known.includes(mode) && isCount(step, 4) && isCount(status, 256) && isCount(left, 256) && isBlock
}

/**
 * A flash chip, a byte wide, that takes Intel's commands. Until one comes it is memory that is read. Programming sets
 * bytes as they are said, and needs no erasing before.
 */
export class FlashChip implements MemoryResponder {
  readonly #contents: Uint8Array
  readonly #readOnly: boolean
  readonly #changed: (offset: number, length: number) => void
  readonly #table: Uint8Array
  #buffer: Uint8Array = new Uint8Array(bufferBytes)
  state: ChipState = { mode: 'array', step: 0, status: ready, left: 0, block: 0 }

  /** @param contents - changes in place, which `changed` hears of */
  constructor(
    contents: Uint8Array,
    { readOnly, changed }: { readonly readOnly: boolean; changed(offset: number, length: number): void },
  ) {
    this.#contents = contents
    this.#readOnly = readOnly
    this.#changed = changed
    this.#table = queryTable(contents.length)
  }

  /** What has come for the block that is to be programmed, over what is there. */
  get buffer(): Uint8Array {
    return this.#buffer
  }

  set buffer(bytes: Uint8Array) {
    this.#buffer = bytes
  }

  /** The chip is memory again; what it has said of failures stays. */
  reset(): void {
    this.state = { ...this.state, mode: 'array', step: 0 }
  }

  read8(offset: number): number {
    return this.#read(offset, 1)
  }

  read32(offset: number): number {
    return this.#read(offset, 4) | 0
  }

  write8(offset: number, value: number): void {
    this.#write(offset, value & 0xff, 1)
  }

  write32(offset: number, value: number): void {
    this.#write(offset, value, 4)
  }

  #read(offset: number, width: 1 | 4): number {
    const { mode, status } = this.state
    if (mode === 'array') return width === 1 ? this.#contents[offset]! : viewOf(this.#contents).getUint32(offset, true)
    if (mode === 'id') return 0 // nobody has made it
    if (mode === 'query') return this.#table[offset & 0xff] ?? 0
    return width === 1 ? status : status | (status << 16)
  }

  #write(offset: number, value: number, width: 1 | 4): void {
    const { mode, step } = this.state
    if (step === 0) this.#begin(offset, value & 0xff)
    else if (mode === 'program') {
      this.#store(offset, value, width)
      if (!this.#readOnly) this.#changed(offset, width)
      this.#update({ step: 0, status: ready })
    } else if (mode === 'buffer') this.#fill(offset, value, width)
    else this.#goOn(value & 0xff)
  }

  /** The first write of a command. */
  #begin(offset: number, command: number): void {
    const mode = modes.get(command)
    if (mode === 'erase') this.#erase(offset - (offset % blockBytes))
    if (mode === 'buffer') this.#update({ status: ready })
    if (command === commands.clearStatus) this.state = { ...this.state, status: 0 }
    if (mode === undefined) this.reset()
    else this.state = { ...this.state, mode, step: mode === 'status' || mode === 'id' ? 0 : 1 }
  }

  /** The second write of a command that takes no data. */
  #goOn(command: number): void {
    const { mode } = this.state
    const confirmed = command === commands.confirm || (mode === 'lock' && command === lockSet)
    if ((mode === 'erase' || mode === 'lock') && confirmed) this.#update({ step: 0, status: ready })
    else if (mode !== 'query' || command === readArray) this.reset()
  }

  /** A write into the buffer: how many bytes there will be and where, these bytes, and that they are to be kept. */
  #fill(offset: number, value: number, width: 1 | 4): void {
    const { step, left, status, block } = this.state
    if (step === 1) {
      const start = offset - (offset % bufferBytes)
      this.state = { ...this.state, step: 2, left: value & 0xff, block: start }
      this.#buffer = this.#contents.slice(start, start + bufferBytes)
    } else if (step === 2) {
      const inside = !this.#readOnly && offset >= block && offset + width <= block + bufferBytes
      if (inside) put(this.#buffer, offset - block, value, width)
      this.#update({ status: inside ? ready : ready | programFailed, step: left === 0 ? 3 : 2 })
      this.state = { ...this.state, left: left - 1 }
    } else if ((value & 0xff) === commands.confirm && (status & programFailed) === 0) {
      this.#contents.set(this.#buffer, block)
      this.#changed(block, bufferBytes)
      this.#update({ step: 0, status: ready })
    } else this.reset()
  }

  #erase(start: number): void {
    if (this.#readOnly) this.#update({ status: eraseFailed })
    else {
      this.#contents.fill(erased, start, start + blockBytes)
      this.#changed(start, blockBytes)
    }
    this.#update({ status: ready })
  }

  #store(offset: number, value: number, width: 1 | 4): void {
    if (this.#readOnly) {
      this.#update({ status: programFailed })
      return
    }
    put(this.#contents, offset, value, width)
  }

  /** @param change.status - bits that are set beside those that are */
  #update({ status, ...rest }: Partial<ChipState>): void {
    this.state = { ...this.state, ...rest, status: this.state.status | (status ?? 0) }
  }
}

function put(bytes: Uint8Array, offset: number, value: number, width: 1 | 4): void {
  if (width === 1) bytes[offset] = value
  else viewOf(bytes).setUint32(offset, value, true)
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
