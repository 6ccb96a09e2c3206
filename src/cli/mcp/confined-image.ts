import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { oneOf } from '../../qapi/index.ts'
import type { OwnFolder } from './own-folder.ts'

/** Formats of images that name no other file, but for the backing file of qcow2. */
export const ImageFormat = oneOf('ImageFormat', ['raw', 'qcow2', 'vdi', 'vpc'])

const byEnding: Readonly<Record<string, (typeof ImageFormat.words)[number]>> = {
  qcow2: 'qcow2',
  vdi: 'vdi',
  vhd: 'vpc',
}
const longestChain = 64

export interface ConfinedImage {
  readonly path: string
  readonly format: string
}

/**
 * An image below the server's folder, together with all that are behind it: a guest can write a header that names any file
 * of the host. The format is never guessed from what a guest may have written, but from the name.
 *
 * @throws {Error} with a text for the client, if a file is elsewhere
 */
export async function confinedImage(folder: OwnFolder, name: string, format?: string): Promise<ConfinedImage> {
  const path = await folder.pathOf(name)
  const known = format ?? byEnding[/\.(qcow2|vdi|vhd)$/.exec(name)?.[1] ?? ''] ?? 'raw'
  let image: string | undefined = known === 'qcow2' ? path : undefined
  for (let depth = 0; image !== undefined; depth++) {
    if (depth === longestChain) throw new Error(`'${name}' has more than ${longestChain} images behind it`)
    const backing = await backingOf(image)
    if (backing === undefined) break
    if (/^[^/]*:/.test(backing)) throw new Error(`'${name}' has '${backing}' behind it, which is no file`)
    image = await folder.pathOf(join(backing.startsWith('/') ? '/' : dirname(image), backing))
    // One that says no format, or is raw, is at its end: what is not qcow2 names nothing.
    if (!(await isQcow2(image))) break
  }
  return { path, format: known }
}

const headerBytes = 104
const externalDataFile = 1n << 2n

async function header(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function hasMagic(bytes: Buffer): boolean {
  return bytes.length >= 72 && bytes.subarray(0, 4).toString('latin1') === 'QFI\xfb'
}

async function isQcow2(path: string): Promise<boolean> {
  return hasMagic(await header(path))
}

/**
 * The backing file that a qcow2 image names (specification of qcow2, "Header": bytes 8 to 20, and incompatible features in
 * bytes 72 to 80). Nothing else is opened. @throws {Error} if its data is in another file
 */
async function backingOf(path: string): Promise<string | undefined> {
  const bytes = await header(path)
  if (!hasMagic(bytes)) return undefined
  if (bytes.readUInt32BE(4) >= 3 && bytes.length >= 80 && (bytes.readBigUInt64BE(72) & externalDataFile) !== 0n)
    throw new Error('an image whose data is in another file is not taken')
  const length = bytes.readUInt32BE(16)
  const offset = bytes.readBigUInt64BE(8)
  if (offset === 0n || length === 0) return undefined
  if (length > 1023) throw new Error('the name of a backing file is too long')
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position: offset })
    return buffer.subarray(0, bytesRead).toString('utf8')
  } finally {
    await file.close()
  }
}
