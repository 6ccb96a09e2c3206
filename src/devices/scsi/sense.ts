/** Why a command has not been done: sense key, additional sense code, and its qualifier. @see SPC-3, 4.5 */
export interface Sense {
  readonly key: number
  readonly code: number
  readonly qualifier: number
}

const sense = (key: number, code: number, qualifier = 0): Sense => ({ key, code, qualifier })

export const senses = {
  none: sense(0x0, 0x00),
  noMedium: sense(0x2, 0x3a),
  invalidOpcode: sense(0x5, 0x20),
  outOfRange: sense(0x5, 0x21),
  invalidField: sense(0x5, 0x24),
  invalidParameter: sense(0x5, 0x26),
  incompatibleFormat: sense(0x5, 0x30),
  savingNotSupported: sense(0x5, 0x39),
  removalPrevented: sense(0x5, 0x53, 0x02),
  lunNotSupported: sense(0x5, 0x25),
  writeProtected: sense(0x7, 0x27),
  failed: sense(0xb, 0x00, 0x06),
  mediumChanged: sense(0x6, 0x28),
  reset: sense(0x6, 0x29),
  capacityChanged: sense(0x6, 0x2a, 0x09),
  targetsChanged: sense(0x6, 0x3f, 0x0e),
} as const

/** As bytes, in the fixed form. */
export function senseBytes({ key, code, qualifier }: Sense): Uint8Array {
  const bytes = new Uint8Array(18)
  bytes[0] = 0x70
  bytes[2] = key
  bytes[7] = 10
  bytes[12] = code
  bytes[13] = qualifier
  return bytes
}

/** A command that cannot be done. */
export class ScsiFailure extends Error {
  override readonly name = 'ScsiFailure'
  readonly sense: Sense

  constructor(why: Sense) {
    super(`sense ${why.key}/${why.code}/${why.qualifier}`)
    this.sense = why
  }
}
