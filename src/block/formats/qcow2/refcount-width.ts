/** Reads and writes reference counts of one width in a block of them. */
export interface RefcountWidth {
  readonly largest: number
  /** Above 2^53 not exact. */
  get(view: DataView, index: number): number
  /** Exact, as decimal digits. */
  text(view: DataView, index: number): string
  set(view: DataView, index: number, value: number): void
}

/** @param bits - 1, 2, 4, ... 64; below 8 the first count of a byte stands in its lowest bits (qcow2 spec) */
export function refcountWidth(bits: number): RefcountWidth {
  const plain = plainWidth(bits)
  if (bits < 64) return { ...plain, text: (view, index) => String(plain.get(view, index)) }
  return { ...plain, text: (view, index) => String(view.getBigUint64(index * 8)) }
}

function plainWidth(bits: number): Omit<RefcountWidth, 'text'> {
  if (bits < 8) return narrow(bits)
  if (bits === 8) {
    return {
      largest: 0xff,
      get: (view, index) => view.getUint8(index),
      set: (view, index, value) => view.setUint8(index, value),
    }
  }
  if (bits === 16) {
    return {
      largest: 0xffff,
      get: (view, index) => view.getUint16(index * 2),
      set: (view, index, value) => view.setUint16(index * 2, value),
    }
  }
  if (bits === 32) {
    return {
      largest: 0xffff_ffff,
      get: (view, index) => view.getUint32(index * 4),
      set: (view, index, value) => view.setUint32(index * 4, value),
    }
  }
  return {
    largest: Number.MAX_SAFE_INTEGER,
    get: (view, index) => view.getUint32(index * 8) * 2 ** 32 + view.getUint32(index * 8 + 4),
    set(view, index, value) {
      view.setUint32(index * 8, Math.floor(value / 2 ** 32))
      view.setUint32(index * 8 + 4, value % 2 ** 32)
    },
  }
}

function narrow(bits: number): Omit<RefcountWidth, 'text'> {
  const perByte = 8 / bits
  const largest = 2 ** bits - 1
  return {
    largest,
    get: (view, index) => (view.getUint8(Math.floor(index / perByte)) >> ((index % perByte) * bits)) & largest,
    set(view, index, value) {
      const at = Math.floor(index / perByte)
      const shift = (index % perByte) * bits
      view.setUint8(at, (view.getUint8(at) & ~(largest << shift)) | (value << shift))
    },
  }
}
