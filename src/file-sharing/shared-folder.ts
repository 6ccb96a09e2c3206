import { FileError } from './file-error.ts'
import { HostFolder } from './host-folder.ts'
import { hostModel, mappedModel, type SecurityModel } from './security-model.ts'
import { type SystemCalls, systemCalls } from './system-calls.ts'

export interface SharedFolderOptions {
  readonly path: string
  readonly security: 'none' | 'passthrough' | 'mapped-xattr'
  readonly readOnly: boolean
  /** Modes of the host's files and folders, where the guest's modes are not theirs. */
  readonly fileMode: number
  readonly folderMode: number
  /** What the guest writes is on stable storage at once. */
  readonly writeThrough: boolean
  /** Files of other file systems below it: have numbers that are nobody else's, or are not there. */
  readonly others: 'remap' | 'forbid' | 'warn'
}

/** A folder of the host's, as a guest may use it. */
export interface SharedFolder {
  readonly options: SharedFolderOptions
  readonly folder: HostFolder
  readonly model: SecurityModel
  readonly system: SystemCalls | undefined
}

/**
 * Opens a folder for a guest; whoever has opened it closes `folder`.
 *
 * @throws {Error} of the system, or {FileError} EOPNOTSUPP where the system cannot do what is asked for
 */
export async function openSharedFolder(options: SharedFolderOptions): Promise<SharedFolder> {
  const { path, security, fileMode, folderMode } = options
  if (process.platform !== 'linux') throw new FileError('EOPNOTSUPP')
  const system = systemCalls()
  const folder = await HostFolder.open(path)
  if (security !== 'mapped-xattr')
    return { options, folder, system, model: hostModel(folder, system, security === 'none') }
  if (system === undefined) {
    await folder.close()
    throw new FileError('EOPNOTSUPP')
  }
  return { options, folder, system, model: mappedModel(folder, system, { fileMode, folderMode }) }
}
