const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/** A number of bytes for people: three digits, or four without a fraction (`1.5 GiB`). */
export function sizeText(bytes: number): string {
  // The unit in which there are less than 1000 of it, for then three digits show it well.
  let unit = 0
  let value = bytes
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${threeDigits(value)} ${units[unit]}B`
}

/** `%0.3g` of the C library. */
function threeDigits(value: number): string {
  const rounded = roundedToEven(value)
  return rounded >= 1000 ? rounded.toExponential().replace(/e\+(\d)$/, 'e+0$1') : String(rounded)
}

/** Where two neighbours are as near, the C library takes the even one; JavaScript takes the larger one. */
function roundedToEven(value: number): number {
  if (value === 0) return 0
  const scale = 10 ** (2 - Math.floor(Math.log10(value)))
  const below = Math.floor(value * scale)
  const isTie = value * scale - below === 0.5
  return isTie && below % 2 === 0 ? below / scale : Number(value.toPrecision(3))
}
