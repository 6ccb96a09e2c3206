/** Values that nearly fit a type: valid ones with a mistake here and there. */
import type { AnyType, Members, ObjectType } from '../../src/qapi/index.ts'

/** A number from 0 up to, not including, 1. */
export type Random = () => number

/** A repeatable source of randomness (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!
}

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: random() }))
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item)
}

const letters = [...'abcdefghijklmnopqrstuvwxyz-_é日😀']

/** A name of one to ten letters, some of them beyond ASCII. */
export function randomName(random: Random): string {
  return Array.from({ length: 1 + Math.floor(random() * 10) }, () => pick(random, letters)).join('')
}

const misfits = ['', 'zork', 7, 1.5, true, null, [], [0], {}, { zork: 1 }]
const deepest = 4

/** A value for `type`; about one part in twelve of it is a mistake. */
export function nearlyFitting({ shape }: AnyType, random: Random, depth = 0): unknown {
  if (random() < 0.08) return pick(random, misfits)
  switch (shape.meta) {
    case 'enum':
      return pick(random, shape.words)
    case 'array':
      return Array.from({ length: depth < deepest ? Math.floor(random() * 3) : 0 }, () =>
        nearlyFitting(shape.of, random, depth + 1),
      )
    case 'alternate':
      return nearlyFitting(pick(random, shape.of), random, depth)
    case 'object': {
      const object = new Map<string, unknown>()
      addMembers(object, shape.members, random, depth)
      const tag = object.get(shape.variants?.discriminator ?? '')
      const branch = typeof tag === 'string' ? (shape.variants?.branches[tag] as ObjectType<any>) : undefined
      if (branch?.shape.meta === 'object') addMembers(object, branch.shape.members, random, depth)
      if (random() < 0.15) for (let left = 1 + random() * 4; left > 0; left--) object.set(randomName(random), 0)
      return Object.fromEntries(shuffled(random, [...object]))
    }
    case 'builtin': {
      const values = { string: 'a', int: 3, number: 2.5, boolean: false, null: null, object: {}, array: [], value: 'a' }
      return values[shape.jsonType]
    }
  }
}

function addMembers(object: Map<string, unknown>, members: Members, random: Random, depth: number): void {
  for (const [name, { type, optional }] of Object.entries(members)) {
    const probability = optional ? (depth < deepest ? 0.3 : 0) : 0.96
    if (random() < probability) object.set(name, nearlyFitting(type, random, depth + 1))
  }
}
