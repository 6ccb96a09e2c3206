import type { BoardConfig } from '../../board.ts'
import type { DriveSlot, Medium } from '../../drive-config.ts'
import type { DiskRequest, MediumShape, ToWorker } from '../wire.ts'

/** What the worker is told of a request for blocks. */
export type DiskAnswer = Extract<ToWorker, { type: 'disk' }>

/**
 * The media in a board's drives, and the numbers by which its worker asks for their blocks: a medium that is gone keeps
 * its number until nobody asks for it any more.
 */
export class Media {
  /** What is in each drive now: a board that is built again starts with it. */
  readonly #inserted: Map<string, Medium | undefined>
  readonly #numbered = new Map<number, Medium>()
  /** Under which number the worker knows the medium in each drive. */
  readonly #numbers = new Map<string, number>()
  #next = 1

  constructor(drives: BoardConfig['drives']) {
    this.#inserted = new Map(drives.map(({ slot, medium }) => [slotName(slot), medium]))
  }

  /** Puts something else, or nothing, into a drive. @returns what forgets the medium that was there */
  insert(slot: DriveSlot, medium: Medium | undefined): () => void {
    const before = this.#numbers.get(slotName(slot))
    this.#inserted.set(slotName(slot), medium)
    return () => {
      if (before !== undefined) this.#numbered.delete(before)
    }
  }

  /** Gives the medium in a drive a number. @returns what the worker is to know of it */
  shapeOf(slot: DriveSlot): MediumShape | undefined {
    const medium = this.#inserted.get(slotName(slot))
    this.#numbers.delete(slotName(slot))
    if (medium === undefined) return undefined
    const id = this.#next++
    this.#numbered.set(id, medium)
    this.#numbers.set(slotName(slot), id)
    return { id, byteLength: medium.byteLength, readOnly: medium.readOnly }
  }

  /** Forgets all numbers: whoever knew them is gone. */
  clear(): void {
    this.#numbered.clear()
  }

  /** Reads, writes or flushes as the worker asks. */
  async serve(request: DiskRequest): Promise<DiskAnswer> {
    const { id } = request
    try {
      const medium = this.#numbered.get(request.medium)
      if (medium === undefined) throw new Error('the medium is gone')
      if (request.operation === 'read') {
        return { type: 'disk', id, data: await medium.read(request.offset, request.length) }
      }
      if (request.operation === 'peek') {
        const { offset, length } = request
        return { type: 'disk', id, data: await (medium.peek?.(offset, length) ?? medium.read(offset, length)) }
      }
      if (request.operation === 'write') await medium.write(request.offset, request.data)
      else if (request.operation === 'discard') await medium.discard?.(request.offset, request.length)
      else await medium.flush()
      return { type: 'disk', id }
    } catch (error) {
      return { type: 'disk', id, error: error instanceof Error ? error.message : String(error) }
    }
  }
}

const slotName = (slot: DriveSlot): string =>
  slot.bus === 'ide' ? `ide${slot.channel}.${slot.unit}` : `floppy${slot.unit}`
