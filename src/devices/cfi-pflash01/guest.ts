import type { GuestSide } from '../../board/index.ts'
import { type ChipState, FlashChip, isChipState } from './chip.ts'
import type { Changed, FlashShape } from './wire.ts'

const sectorBytes = 512

/** Flash memory of the machine: a window in memory, whose changes go to the other side in sectors, one batch at a time. */
export const guest: GuestSide = ({ bus, link, beginning }) => {
  const { address, contents, readOnly } = beginning as FlashShape
  const changed = new Set<number>()
  let sending = false
  const chip = new FlashChip(contents, {
    readOnly,
    changed: (offset, length) => {
      for (let at = offset - (offset % sectorBytes); at < offset + length; at += sectorBytes) changed.add(at)
    },
  })
  bus.memory(contents.length, chip).move(address)
  const settle = (): void => {
    if (sending || changed.size === 0) return
    sending = true
    link.send({
      pieces: runsOf(changed).map(([from, to]) => ({ offset: from, bytes: contents.slice(from, to) })),
    } satisfies Changed)
    changed.clear()
  }
  return {
    receive: () => {
      sending = false
      settle()
    },
    reset: () => chip.reset(),
    settle,
    busy: () => sending || changed.size > 0,
    save: () => ({ ...chip.state, buffer: base64(chip.buffer), contents: base64(contents) }),
    restore: (saved) => {
      const { contents: text, buffer, ...state } = saved as Saved
      const [bytes, held] = [text, buffer].map((one) => Buffer.from(String(one), 'base64')) as [Buffer, Buffer]
      const fits = bytes.length === contents.length && held.length === chip.buffer.length
      if (!isChipState(state, contents.length) || !fits) throw new Error('cfi.pflash01: no such state')
      chip.state = state
      chip.buffer = Uint8Array.from(held)
      // The image holds what the chip has held until now, or will soon.
      const same = (at: number): boolean => bytes.compare(contents, at, at + sectorBytes, at, at + sectorBytes) === 0
      if (!readOnly) for (let at = 0; at < contents.length; at += sectorBytes) if (!same(at)) changed.add(at)
      contents.set(bytes)
    },
  }
}

interface Saved extends ChipState {
  readonly buffer: string
  readonly contents: string
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Sectors as ranges, from begin to end, that do not touch. */
function runsOf(sectors: ReadonlySet<number>): readonly (readonly [from: number, to: number])[] {
  const runs: [number, number][] = []
  for (const at of [...sectors].sort((one, other) => one - other)) {
    const last = runs.at(-1)
    if (last?.[1] === at) last[1] = at + sectorBytes
    else runs.push([at, at + sectorBytes])
  }
  return runs
}
