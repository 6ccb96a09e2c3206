import type { Filter } from './joined-streams.ts'

/** What a message of a client's is: how long, in bytes; whether it goes on. */
interface Shape {
  /** Bytes that say how long it is. */
  readonly head: number
  readonly length: (head: DataView) => number
  readonly passes: boolean
}

const fixed = (length: number, passes: boolean): Shape => ({ head: 1, length: () => length, passes })
const shapes: Readonly<Record<number, Shape>> = {
  0: fixed(20, true), // the format of pixels
  2: { head: 4, length: (head) => 4 + 4 * head.getUint16(2), passes: true }, // encodings
  3: fixed(10, true), // a request for a picture
  4: fixed(8, false), // a key
  5: fixed(6, false), // the pointer
  6: { head: 8, length: (head) => 8 + Math.abs(head.getInt32(4)), passes: false }, // text for the clipboard
  150: fixed(10, true), // pictures without asking
  248: { head: 9, length: (head) => 9 + head.getUint8(8), passes: true }, // a fence
  250: fixed(4, false), // power
  251: { head: 8, length: (head) => 8 + 16 * head.getUint8(6), passes: false }, // another size
}
/** A key by its number. */
const qemuKey: Shape = { head: 2, length: () => 12, passes: false }
const longest = 1 << 16
const version = 'RFB 003.008\n'
const challengeAnswer = 16
/** ClientInit: the others stay. */
const shared = Uint8Array.of(1)
const Security = { none: 1, vnc: 2 } as const

/**
 * Lets a viewer look, and nothing else: keys, the pointer and the like are taken out of what it says, and it shares the
 * screen, whether it wants to be alone with it or not. It has to speak RFB 3.8 without TLS, as the page's viewers do.
 */
export function watchOnlyRfb(): Filter {
  let pending: Uint8Array = new Uint8Array(0)
  let entering: readonly number[] | undefined = [version.length, 1]
  return (chunk) => {
    pending = pending.length === 0 ? chunk.slice() : Buffer.concat([pending, chunk])
    const forward: Uint8Array[] = []
    for (;;) {
      if (entering !== undefined) {
        const [length] = entering as readonly [number, ...number[]]
        if (pending.length < length) break
        const said = pending.subarray(0, length)
        forward.push(entering.length === 1 ? shared : said)
        entering = afterEntering(entering, said)
        pending = pending.subarray(length)
      } else {
        const shape = shapeOf(pending)
        if (shape === undefined) break
        const length = shape.length(viewOf(pending))
        if (length > longest) throw new Error(`a message of ${length} bytes is too long`)
        if (pending.length < length) break
        if (shape.passes) forward.push(pending.subarray(0, length))
        pending = pending.subarray(length)
      }
    }
    return { forward: Buffer.concat(forward) }
  }
}

/** What is still to be said before messages come; undefined if nothing is. */
function afterEntering(steps: readonly number[], said: Uint8Array): readonly number[] | undefined {
  if (steps.length === 2) {
    if (String.fromCharCode(...said) !== version) throw new Error('the viewer speaks another version')
    return [1, 0, 0]
  }
  if (steps.length === 3) {
    if (said[0] !== Security.none && said[0] !== Security.vnc) throw new Error(`security ${said[0]} is not let through`)
    return said[0] === Security.vnc ? [challengeAnswer, 0, 0, 0] : [1]
  }
  return steps.length === 4 ? [1] : undefined
}

/** @returns undefined if too little is there to tell */
function shapeOf(bytes: Uint8Array): Shape | undefined {
  const [type, subtype] = bytes
  if (type === undefined) return undefined
  const shape = type === 255 ? qemuKey : shapes[type]
  if (shape === undefined) throw new Error(`there is no message ${type}`)
  if (bytes.length < shape.head) return undefined
  if (type === 255 && subtype !== 0) throw new Error(`there is no message 255, ${subtype}`)
  return shape
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
