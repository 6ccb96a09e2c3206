/**
 * What the load of the test with `kill -9` writes: each step follows from its number alone, so that the test can say
 * afterwards what must be there.
 */
export const sectorSize = 512
export const imageSize = 32 * 2 ** 20

export interface LoadStep {
  readonly offset: number
  readonly length: number
  /** What the bytes are; 0, if the range is made zero. */
  readonly fill: number
}

export function loadStep(number: number): LoadStep {
  const random = (salt: number): number => (Math.imul(number * 31 + salt, 0x9e37_79b1) ^ (number << 7)) >>> 8
  const sectors = 1 + (random(1) % 200)
  const first = random(2) % (imageSize / sectorSize - sectors)
  const fill = random(3) % 5 === 0 ? 0 : 1 + (number % 255)
  return { offset: first * sectorSize, length: sectors * sectorSize, fill }
}
