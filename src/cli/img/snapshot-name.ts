import { BlockError, type BlockNode, type Snapshot } from '../../block/index.ts'
import { OptionError, parseOptionList } from '../../keyval/index.ts'
import { ProgramError } from '../program-error.ts'

/** Which snapshot `-l` means: by what it is called, or by id and name, or by either. */
export interface SnapshotName {
  readonly either?: string
  readonly id?: string
  readonly name?: string
}

/** Reads the value of `-l`: `snapshot.id=ID,snapshot.name=NAME`, or an id or a name. @throws {ProgramError} in QEMU's words */
export function readSnapshotName(text: string | undefined): SnapshotName | undefined {
  if (text === undefined) return undefined
  if (!text.startsWith('snapshot.')) return { either: text }
  let id: string | undefined
  let name: string | undefined
  try {
    for (const [key, value] of parseOptionList(text).items) {
      if (key === 'snapshot.id') id = value
      else if (key === 'snapshot.name') name = value
      else throw new OptionError(`Invalid parameter '${key}'`)
    }
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new ProgramError(`${error.message}\nvmon img: Failed in parsing snapshot param '${text}'`)
  }
  return { ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) }
}

/** Lets an image show what it was. @throws {ProgramError} in QEMU's words, if there is no such snapshot */
export async function showSnapshot({ driver }: BlockNode, wanted: SnapshotName): Promise<void> {
  const { snapshots } = driver
  if (snapshots === undefined) {
    throw new ProgramError(
      `Failed to load snapshot: Block format '${driver.name}' used by device '' does not support temporarily loading internal snapshots`,
    )
  }
  const found = find(snapshots.list, wanted)
  if (found === undefined) throw new ProgramError("Failed to load snapshot: Can't find snapshot")
  try {
    await snapshots.show(found.id)
  } catch (error) {
    throw error instanceof BlockError ? new ProgramError(`Failed to load snapshot: ${error.message}`) : error
  }
}

function find(list: readonly Snapshot[], { either, id, name }: SnapshotName): Snapshot | undefined {
  if (either !== undefined) return list.find((one) => one.id === either) ?? list.find((one) => one.name === either)
  return list.find((one) => (id === undefined || one.id === id) && (name === undefined || one.name === name))
}
