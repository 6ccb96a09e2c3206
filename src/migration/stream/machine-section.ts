import { MigrationError } from '../migration-error.ts'

/** What a machine must be like to take the stream. */
export interface MachineDescription {
  readonly board: string
  readonly ramBytes: number
  /** Whether the source waits to be told that everything is there, and tells when the guest may run. */
  readonly answers: boolean
  /** The machine's UUID, if both sides are to have the same. */
  readonly uuid?: string
}

export function packDescription(description: MachineDescription): Buffer {
  return Buffer.from(JSON.stringify(description))
}

/**
 * @returns whether the source waits to be told
 * @throws {MigrationError} `stream`, naming the first thing in which the machines differ
 */
export function checkDescription(contents: Uint8Array, own: Omit<MachineDescription, 'answers'>): boolean {
  const theirs = parseObject(contents)
  const mine: Readonly<Record<string, unknown>> = { ...own }
  for (const name of Object.keys(mine)) {
    if (name === 'uuid' && theirs['uuid'] === undefined) continue
    if (theirs[name] === mine[name]) continue
    throw new MigrationError(
      'stream',
      `the stream is of another machine: its ${name} is ${JSON.stringify(theirs[name])}, this one's is ${JSON.stringify(mine[name])}`,
    )
  }
  return theirs['answers'] === true
}

/** @throws {MigrationError} `stream`, if it is no object */
export function parseObject(contents: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(contents).toString())
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // said below
  }
  throw new MigrationError('stream', 'the stream is damaged')
}
