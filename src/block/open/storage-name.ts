import type { BlockNode } from '../graph/node.ts'

/** The name beside which relative names in an image are looked for: that of the file at the end of what it stands on. */
export function storageName(image: BlockNode): string {
  let storage = image
  for (let below = image.child('file'); below !== undefined; below = below.child('file')) storage = below
  return storage.filename
}
