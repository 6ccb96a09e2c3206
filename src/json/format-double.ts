/** C's `%.17g`, the form in which QEMU prints doubles. */
export function formatDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value)
  const [mantissa, exponentText] = roundedTo17(value).split('e') as [string, string]
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= 17) {
    const digits = String(Math.abs(exponent)).padStart(2, '0')
    return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${digits}`
  }
  const sign = value < 0 ? '-' : ''
  const digits = mantissa.replace(/[-.]/g, '')
  if (exponent < 0) return withoutZeros(`${sign}0.${'0'.repeat(-exponent - 1)}${digits}`)
  return withoutZeros(`${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`)
}

/** In exponential form; a value just between two goes to the even one, while JavaScript takes the larger. */
function roundedTo17(value: number): string {
  const rounded = value.toExponential(16)
  // No double that lies between two has more than 18 digits, and none comes this close without being there.
  const [digits, exponent] = value.toExponential(40).split('e') as [string, string]
  const kept = value < 0 ? 19 : 18
  const between = digits[kept] === '5' && /^0+$/.test(digits.slice(kept + 1))
  return between && Number(digits[kept - 1]) % 2 === 0 ? `${digits.slice(0, kept)}e${exponent}` : rounded
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0*$/, '') : text
}
