/**
 * A number with two digits behind the point, as C's `%.2f` prints it: what lies in the middle between two becomes the
 * even one, where JavaScript takes the larger.
 */
export function twoDigits(value: number): string {
  const hundredths = value * 100
  // A binary fraction lies in the middle only if it is a multiple of an eighth.
  if (!Number.isInteger(value * 8) || hundredths % 1 !== 0.5) return value.toFixed(2)
  const below = Math.floor(hundredths)
  return ((below % 2 === 0 ? below : below + 1) / 100).toFixed(2)
}
