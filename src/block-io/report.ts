/** What a request has done. */
export interface Report {
  /** `read`, `wrote`, `discard`. */
  readonly done: string
  readonly offset: bigint
  readonly bytes: bigint
  /** In one line of numbers, for programs. */
  readonly plain: boolean
}

/** Measures how long something takes. @returns tells how long it took, in nanoseconds */
export function stopwatch(): () => bigint {
  const start = process.hrtime.bigint()
  return () => process.hrtime.bigint() - start
}

/** Says what was done, and how fast. @param nanoseconds - how long it took */
export function reportText({ done, offset, bytes, plain }: Report, nanoseconds: bigint): string {
  const seconds = Number(nanoseconds) / 1e9
  if (plain) {
    const rates = [Number(bytes) / seconds, 1 / seconds].map((rate) => fixed(rate, 3))
    return `${bytes},1,${clockText(nanoseconds)},${rates.join(',')}\n`
  }
  const time = nanoseconds < 1_000_000_000n ? `${seconds.toFixed(2).padStart(5, '0')} sec` : clockText(nanoseconds)
  const rates = `${unitText(Number(bytes) / seconds)}/sec and ${fixed(1 / seconds, 4)} ops/sec`
  return `${done} ${bytes}/${bytes} bytes at offset ${offset}\n${unitText(Number(bytes))}, 1 ops; ${time} (${rates})\n`
}

function clockText(nanoseconds: bigint): string {
  const whole = nanoseconds / 1_000_000_000n
  const seconds = Number(nanoseconds % 60_000_000_000n) / 1e9
  const minutes = String((whole / 60n) % 60n).padStart(2, '0')
  return `${whole / 3600n}:${minutes}:${seconds.toFixed(2).padStart(5, '0')}`
}

const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** A number of bytes, in the largest unit of which there is one: `64 KiB`, `1.500 MiB`, `100 bytes`. */
export function unitText(bytes: number): string {
  let unit = ''
  let value = bytes
  for (const larger of units) {
    if (value < 1024) break
    value /= 1024
    unit = larger
  }
  const digits = fixed(value, unit === '' ? 6 : 3)
  const [whole, fraction = ''] = digits.split('.')
  return `${fraction.startsWith('000') ? whole : digits} ${unit || 'bytes'}`
}

/** `%.3f` of the C library: where two neighbours are as near, it takes the even one; JavaScript takes the larger one. */
function fixed(value: number, digits: number): string {
  // All digits that a tie can have.
  const exact = value.toFixed(digits + 30)
  const end = exact.length - 30
  const isTie = /^50*$/.test(exact.slice(end))
  return isTie && /[02468]$/.test(exact.slice(0, end)) ? exact.slice(0, end) : value.toFixed(digits)
}

/** Bytes for people: sixteen a line, in hexadecimal and as characters. */
export function dumpText(bytes: Uint8Array, offset: bigint): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.byteLength; at += 16) {
    const row = [...bytes.subarray(at, at + 16)]
    const numbers = row.map((byte) => `${byte.toString(16).padStart(2, '0')} `).join('')
    const characters = row.map((byte) => {
      const character = String.fromCharCode(byte)
      return /[0-9A-Za-z]/.test(character) ? character : '.'
    })
    lines.push(`${(offset + BigInt(at)).toString(16).padStart(8, '0')}:  ${numbers} ${characters.join('')}\n`)
  }
  return lines.join('')
}
