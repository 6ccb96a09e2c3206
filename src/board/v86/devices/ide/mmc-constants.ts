export const cdSectorBytes = 2048

/** Sense keys. */
export const sense = { none: 0, notReady: 2, illegalRequest: 5, unitAttention: 6 } as const
/** Additional sense codes. */
export const additional = {
  illegalOpcode: 0x20,
  outOfRange: 0x21,
  invalidField: 0x24,
  mediumMayHaveChanged: 0x28,
  incompatibleFormat: 0x30,
  savingNotSupported: 0x39,
  mediumNotPresent: 0x3a,
  dataPhaseError: 0x4b,
  removalPrevented: 0x53,
} as const
