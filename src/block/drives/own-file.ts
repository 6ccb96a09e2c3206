import type { BlockNode } from '../graph/node.ts'

/** An image, and before it the file that was opened for it: what can be written or not only together. */
export function withOwnFile(image: BlockNode): BlockNode[] {
  const file = image.child('file')
  return file?.openedFor === image ? [...withOwnFile(file), image] : [image]
}
