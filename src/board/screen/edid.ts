/** What a monitor says of itself to a video card (VESA Enhanced EDID Standard, release A.2; CTA-861). */

import type { MonitorSize } from '../board.ts'

const blockBytes = 128
/** A block with an extension behind it, and room for another. */
const edidBytes = 384
const extension = blockBytes
const descriptorBytes = 18
const dotsPerInch = 100
/** In thousandths of Hz. */
const refreshRate = 75000

/** Modes that QEMU's monitor has, in its order: by their numbers in CTA-861, by bits, or by their sizes alone. */
const modes: readonly {
  readonly width: number
  readonly height: number
  readonly cta?: number
  readonly bit?: readonly [byte: number, bit: number]
}[] = [
  { width: 5120, height: 2160, cta: 125 },
  { width: 4096, height: 2160, cta: 101 },
  { width: 3840, height: 2160, cta: 96 },
  { width: 2560, height: 1080, cta: 89 },
  { width: 2048, height: 1152 },
  { width: 1920, height: 1080, cta: 31 },
  { width: 3840, height: 2160, cta: 97 },
  { width: 1920, height: 1200, bit: [10, 0] },
  { width: 1600, height: 1200, bit: [9, 2] },
  { width: 1680, height: 1050, bit: [9, 5] },
  { width: 1440, height: 900, bit: [8, 5] },
  { width: 1280, height: 1024, bit: [7, 1] },
  { width: 1280, height: 960, bit: [7, 3] },
  { width: 1280, height: 768, bit: [7, 6] },
  { width: 1920, height: 1440, bit: [11, 5] },
  { width: 1856, height: 1392, bit: [10, 3] },
  { width: 1792, height: 1344, bit: [10, 5] },
  { width: 1440, height: 1050, bit: [8, 1] },
  { width: 1360, height: 768, bit: [8, 7] },
]
/** Modes that every monitor can have, by their bits in the first block: 1024x768, 800x600 and 640x480. */
const established = [
  [36, 3],
  [35, 0],
  [35, 5],
] as const
const standardTimings = { first: 38, end: 54 } as const
const aspects = [16 / 10, 4 / 3, 5 / 4, 16 / 9]

/** What QEMU's monitor prefers unless something else is said. */
export const usualMonitor: MonitorSize = { width: 1280, height: 800 }

/** Whether a monitor that prefers so many dots can say so in its first block: larger ones need an extension. */
export function fitsIdentity({ width, height }: MonitorSize): boolean {
  return width < 4096 && height < 4096 && dotClock(width, height) <= 0xffff
}

/** The identity of QEMU's monitor, which prefers a size. */
export function monitorIdentity({ width, height }: MonitorSize): Uint8Array {
  const edid = new Uint8Array(edidBytes)
  const [millimetresWide, millimetresHigh] = [width, height].map((dots) => Math.floor(Math.floor((dots * 254) / 10) / dotsPerInch)) as [number, number] // biome-ignore format: one line
  edid.set([0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00])
  edid.set([0x49, 0x14, 0x34, 0x12], 8) // RHT, 1234h
  edid.set([42, 2014 - 1990, 1, 4], 16) // made in that week and year; release 1.4
  edid.set([0xa5, Math.floor(millimetresWide / 10), Math.floor(millimetresHigh / 10), 220 - 100, 0x06], 20)
  edid.set([0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54], 25) // the colours of sRGB
  edid[126] = 1
  edid.set([0x02, 0x03, 0x05, 0x00, 0x40], extension)

  edid.set(timing({ width, height, millimetresWide, millimetresHigh }), 54)
  const further = 54 + descriptorBytes
  edid.set([0, 0, 0, 0xf7, 0, 10], further)
  fillModes(edid, further)
  edid.set([0, 0, 0, 0xfd, 0, 50, 125, 30, 160, 255, 0x01, 0x0a], further + descriptorBytes)
  edid.fill(0x20, further + descriptorBytes + 12, further + 2 * descriptorBytes)
  edid.set([0, 0, 0, 0xfc, 0], further + 2 * descriptorBytes)
  edid.set(new TextEncoder().encode('QEMU Monitor\n'), further + 2 * descriptorBytes + 5)
  // Descriptors of the extension: none of them says anything.
  for (let at = extension + edid[extension + 2]!; ; at += descriptorBytes) {
    edid.set([0, 0, 0, 0x10], at)
    if (at + 2 * descriptorBytes >= extension + blockBytes - 1) break
  }
  for (const block of [0, extension]) {
    const sum = edid.subarray(block, block + blockBytes - 1).reduce((total, byte) => total + byte, 0)
    edid[block + blockBytes - 1] = -sum & 0xff
  }
  return edid
}

function fillModes(edid: Uint8Array, further: number): void {
  let standard: number = standardTimings.first
  for (const { width, height, cta, bit } of modes) {
    const aspect = aspects.findIndex((one) => Math.abs(one - width / height) < 1e-9)
    const code = Math.floor(width / 8) - 31
    const isStandard = aspect >= 0 && code <= 255
    if (standard < standardTimings.end) {
      if (isStandard) {
        edid.set([code, aspect << 6], standard)
        standard += 2
      }
    } else if (bit !== undefined) {
      edid[further + bit[0]] = edid[further + bit[0]]! | (1 << bit[1])
    }
    if (cta === undefined) continue
    edid[extension + edid[extension + 2]!] = cta
    edid[extension + 2] = edid[extension + 2]! + 1
    edid[extension + 4] = edid[extension + 4]! + 1
  }
  for (const [byte, bit] of established) edid[byte] = edid[byte]! | (1 << bit)
  edid.fill(0x01, standard, standardTimings.end)
}

interface PreferredMode {
  readonly width: number
  readonly height: number
  readonly millimetresWide: number
  readonly millimetresHigh: number
}

const part = (size: number, thousandths: number): number => Math.floor((size * thousandths) / 1000)
const blanks = { x: 350, y: 35 } as const

/** In units of 10 kHz. */
function dotClock(width: number, height: number): number {
  return Math.floor((refreshRate * (width + part(width, blanks.x)) * (height + part(height, blanks.y))) / 10_000_000)
}

/** A detailed timing: blanks of a third of a line and of a thirtieth of a picture. */
function timing({ width, height, millimetresWide, millimetresHigh }: PreferredMode): number[] {
  const [xBlank, xFront, xSync] = [blanks.x, 250, 30].map((share) => part(width, share)) as [number, number, number]
  const [yBlank, yFront, ySync] = [blanks.y, 5, 5].map((share) => part(height, share)) as [number, number, number]
  const clock = dotClock(width, height)
  const high = (one: number, other: number): number => ((one & 0xf00) >> 4) | ((other & 0xf00) >> 8)
  return [
    ...[clock & 0xff, clock >> 8],
    ...[width & 0xff, xBlank & 0xff, high(width, xBlank)],
    ...[height & 0xff, yBlank & 0xff, high(height, yBlank)],
    ...[xFront & 0xff, xSync & 0xff, ((yFront & 0xf) << 4) | (ySync & 0xf)],
    ((xFront & 0x300) >> 2) | ((xSync & 0x300) >> 4) | ((yFront & 0x30) >> 2) | ((ySync & 0x30) >> 4),
    ...[millimetresWide & 0xff, millimetresHigh & 0xff, high(millimetresWide, millimetresHigh)],
    ...[0, 0, 0x18],
  ]
}
