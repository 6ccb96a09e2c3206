import { closeSync, constants, writeFile } from 'node:fs'
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { FileSource } from '../descriptors/index.ts'
import { reasonText } from '../errno/index.ts'
import { QmpError } from '../qapi/index.ts'
import type { Console, Picture } from './console.ts'
import type { Consoles } from './consoles.ts'
import { encodePng } from './png.ts'
import { encodePpm } from './ppm.ts'

const largestWrite = 4 * 2 ** 20

export type PictureFormat = 'ppm' | 'png'

export interface PictureRequest {
  /** Id of the display device; without it the first console is taken. */
  readonly device?: string
  /** Output of that device, 0 if absent. */
  readonly head?: number | bigint
  /** `ppm` if absent. */
  readonly format?: PictureFormat
}

export interface ScreenDumpRequest extends PictureRequest {
  readonly filename: string
  readonly signal?: AbortSignal
}

/** Writes what a console shows to a picture file (QMP `screendump`). */
export class ScreenDump {
  readonly #consoles: Consoles

  readonly #files: FileSource | undefined

  /** @param files - opens files whose names stand for descriptors that were passed */
  constructor(consoles: Consoles, files?: FileSource) {
    this.#consoles = consoles
    this.#files = files
  }

  /**
   * Takes the picture and writes the file; a file that is there is overwritten in place. If writing fails, no
   * half-written file is left; special files are never removed.
   *
   * @throws {QmpError} if there is no such device or console, or the file cannot be opened or written
   * @throws the reason of `signal`, if it fires before the file is complete
   */
  async dump({ filename, device, head, format = 'ppm', signal }: ScreenDumpRequest): Promise<void> {
    const bytes = await this.picture({
      ...(device !== undefined && { device }),
      ...(head !== undefined && { head }),
      format,
    })
    signal?.throwIfAborted()
    if (!(await writePassed(this.#files, filename, bytes))) await writePicture(filename, bytes, signal)
  }

  /**
   * Takes the picture.
   *
   * @returns the bytes of a picture file
   * @throws {QmpError} if there is no such device or console
   */
  async picture({ device, head, format = 'ppm' }: PictureRequest = {}): Promise<Uint8Array> {
    return encode(await this.#find(device, head).capture(), format)
  }

  #find(device: string | undefined, head: number | bigint | undefined): Console {
    if (device !== undefined) return this.#consoles.find(device, head)
    if (head !== undefined) throw new QmpError('GenericError', "'head' must be specified together with 'device'")
    const { first } = this.#consoles
    if (first === undefined) throw new QmpError('GenericError', 'There is no console to take a screendump from')
    return first
  }
}

async function encode(picture: Picture, format: PictureFormat): Promise<Uint8Array> {
  return format === 'png' ? encodePng(picture) : encodePpm(picture)
}

/** Whether the name stands for a descriptor that was passed: then the picture is in its file. */
async function writePassed(files: FileSource | undefined, filename: string, bytes: Uint8Array): Promise<boolean> {
  const { O_WRONLY, O_CREAT, O_TRUNC } = constants
  const file = await inWords(openFailure(filename), () => files?.open(filename, O_WRONLY | O_CREAT | O_TRUNC))
  if (file === undefined) return false
  try {
    await inWords(writeFailure, () => promisify(writeFile)(file.fd, bytes))
  } finally {
    closeSync(file.fd)
    file.closed()
  }
  return true
}

async function writePicture(filename: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  const file = await openPicture(filename)
  try {
    try {
      await writeAll(file, bytes, signal)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (await isRegular(filename)) await rm(filename, { force: true })
    signal?.throwIfAborted()
    throw writeFailure(cause)
  }
}

/** In pieces as large as may be: each waits for a thread. */
async function writeAll(file: FileHandle, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    signal?.throwIfAborted()
    at += (await file.write(bytes, at, Math.min(largestWrite, bytes.byteLength - at))).bytesWritten
  }
  signal?.throwIfAborted()
}

async function isRegular(filename: string): Promise<boolean> {
  try {
    return (await stat(filename)).isFile()
  } catch {
    return false
  }
}

function openPicture(filename: string): Promise<FileHandle> {
  return inWords(openFailure(filename), () => open(filename, 'w'))
}

async function inWords<T>(words: (cause: unknown) => QmpError, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw words(cause)
  }
}

function openFailure(filename: string): (cause: unknown) => QmpError {
  return (cause) => new QmpError('GenericError', `failed to open file '${filename}': ${reasonText(cause)}`, { cause })
}

function writeFailure(cause: unknown): QmpError {
  return new QmpError('GenericError', `Unable to write to file: ${reasonText(cause)}`, { cause })
}
