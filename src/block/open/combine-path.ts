/**
 * What a file name that stands in an image means: beside the file of that image, unless it is absolute or has a protocol.
 *
 * @param base - the file name of the image's storage, perhaps with a protocol
 */
export function combinePath(base: string, name: string): string {
  if (name.startsWith('/') || hasProtocol(name)) return name
  return base.slice(0, base.lastIndexOf('/') + 1) + name
}

/** A word before a colon, with no slash before it. */
export function hasProtocol(name: string): boolean {
  return /^[^/:]+:/.test(name)
}
