import type { BlockNode } from '../graph/node.ts'

/** What an image can go by that is opened as the file alone says: the name of its file, if that is storage itself. */
export function filenameFor(file: BlockNode): string | undefined {
  return file.children.size === 0 || file.driver.opensByName === true ? file.driver.filename : undefined
}
