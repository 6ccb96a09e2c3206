import { filesNamedByQcow2 } from '../../block/index.ts'
import { oneOf } from '../../qapi/index.ts'
import type { OwnFolder } from './own-folder.ts'

/** Formats of images that name no other file, but for the backing file of qcow2. */
export const ImageFormat = oneOf('ImageFormat', ['raw', 'qcow2', 'vdi', 'vpc'])

type Format = (typeof ImageFormat.words)[number]

const byEnding: Readonly<Record<string, Format>> = {
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
 * of the host. A format is never guessed from what a guest may have written: the client says it, or the name of the image
 * does, and an image behind another has the one that stands in that one's header. Who opens the image then takes the same
 * formats and names.
 *
 * @throws {Error} with a text for the client, if a file is elsewhere, or is opened by a guess
 * @throws {BlockError} if one of the images is broken, or somebody writes to it who may change what it names
 */
export async function confinedImage(folder: OwnFolder, name: string, format?: Format): Promise<ConfinedImage> {
  const path = await folder.fileOf(name)
  const known = format ?? byEnding[/\.(qcow2|vdi|vhd)$/.exec(name)?.[1] ?? ''] ?? 'raw'
  let image = path
  let its: Format = known
  for (let depth = 0; its === 'qcow2'; depth++) {
    if (depth === longestChain) throw new Error(`'${name}' has more than ${longestChain} images behind it`)
    const { backing, dataFile } = await filesNamedByQcow2(image)
    if (dataFile) throw new Error(`'${name}': an image whose data is in another file is not taken`)
    if (backing === undefined) break
    if (!backing.filename.startsWith('/'))
      throw new Error(`'${name}' has '${backing.filename}' behind it, which is no file`)
    await folder.fileAt(backing.filename)
    // What it names in its turn is beside the name that it was opened by.
    image = backing.filename
    its = confinedFormat(name, backing.format)
  }
  return { path, format: known }
}

/** @throws {Error} if an image of that format may name files, or the opener would look for itself what it is */
function confinedFormat(name: string, format: string | undefined): Format {
  if (format === undefined) throw new Error(`'${name}' does not say which format the image behind it has`)
  const known = ImageFormat.words.find((word) => word === format)
  if (known === undefined)
    throw new Error(`'${name}' has an image of format '${format}' behind it; taken are ${ImageFormat.words.join(', ')}`)
  return known
}
