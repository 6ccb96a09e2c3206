/** Letters that QEMU takes for boot devices on any machine: what is wrong with them, in its words, if anything is. */
export function bootLettersComplaint(letters: string): string | undefined {
  const seen = new Set<string>()
  for (const letter of letters) {
    if (letter < 'a' || letter > 'p') return `Invalid boot device '${letter}'`
    if (seen.has(letter)) return `Boot device '${letter}' was given twice`
    seen.add(letter)
  }
  return undefined
}

/** The same for a PC, whose firmware keeps three devices, of four kinds. */
export function pcBootDevicesComplaint(letters: string): string | undefined {
  if (letters.length > 3) return 'Too many boot devices for PC'
  const wrong = [...letters].find((letter) => !'abcdn'.includes(letter))
  return wrong === undefined ? undefined : `Invalid boot device for PC: '${wrong}'`
}
