import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises'
import { type Board, isSavedBoard, type Read, restoreBoard, saveBoard } from '../board/index.ts'
import { reasonText, systemCode } from '../errno/index.ts'
import { ConfigError } from './config-error.ts'

/** How many have been begun: several may be saved to one file at once, and the last one stays. */
let saves = 0

/**
 * Saves a board that stands still to a file. The file appears when it is whole; one that was there is replaced then.
 *
 * @throws {BoardError} kind `unavailable`, if the board runs
 * @throws {Error} with the system's `code`, if the file cannot be written, or what is there is no regular file (`EINVAL`)
 */
export async function saveToFile(board: Board, path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  // (A folder is refused by the system.)
  if (there !== undefined && !there.isFile() && !there.isDirectory()) throw notRegular(path)
  const unfinished = `${path}.${process.pid}.${++saves}.unfinished`
  const file = await open(unfinished, 'wx', 0o600)
  try {
    try {
      await saveBoard(board, (bytes) => writeAll(file, bytes))
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    await unlink(unfinished).catch(() => undefined) // the first error is the one to tell
    throw error
  }
}

/**
 * Lets a board continue where the one stood that was saved to a file.
 *
 * @throws {BoardError} kind `state`, if the file is not the state of such a board
 * @throws {Error} with the system's `code`, if the file cannot be read
 */
export async function restoreFromFile(board: Board, path: string): Promise<void> {
  try {
    await using file = await open(path, 'r')
    await restoreBoard(board, readerOf(file))
  } catch (error) {
    throw systemCode(error) === undefined ? error : ConfigError.at(`savedState ${path}`, reasonText(error), error)
  }
}

/** Whether a file is the state of a machine, by its first bytes. @throws {Error} with the system's `code`, if it cannot be read */
export async function isSavedMachine(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    return await isSavedBoard(readerOf(file))
  } finally {
    await file.close()
  }
}

function readerOf(file: FileHandle): Read {
  return async (length) => {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await file.read(bytes, 0, length)
    return bytes.subarray(0, bytesRead)
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}

function notRegular(path: string): Error {
  return Object.assign(new Error(`'${path}' is not a regular file`), { code: 'EINVAL', path })
}
