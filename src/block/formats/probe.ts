/** How many bytes from the start of an image are looked at. */
export const probeLength = 512

interface Signature {
  readonly format: string
  matches(head: Uint8Array): boolean
}

const signatures: readonly Signature[] = [
  { format: 'qcow2', matches: (head) => startsWith(head, 'QFI\xfb') && bigEndian32(head, 4) >= 2 },
  { format: 'qcow', matches: (head) => startsWith(head, 'QFI\xfb') && bigEndian32(head, 4) === 1 },
  { format: 'vmdk', matches: (head) => startsWith(head, 'KDMV') || startsWith(head, 'COWD') || isVmdkText(head) },
  { format: 'vdi', matches: (head) => startsWith(head, '\x7f\x10\xda\xbe', 0x40) },
  { format: 'vpc', matches: (head) => startsWith(head, 'conectix') },
  { format: 'vhdx', matches: (head) => startsWith(head, 'vhdxfile') },
  { format: 'qed', matches: (head) => startsWith(head, 'QED\0') },
  {
    format: 'parallels',
    matches: (head) => startsWith(head, 'WithoutFreeSpace') || startsWith(head, 'WithouFreSpacExt'),
  },
  { format: 'luks', matches: (head) => startsWith(head, 'LUKS\xba\xbe') },
  { format: 'bochs', matches: (head) => startsWith(head, 'Bochs Virtual HD Image') },
]

/**
 * Tells an image's format from its first bytes (`probeLength` of them, or fewer if the image is shorter): `raw` if
 * nothing else fits. Knows formats that this version cannot open, so that none of them is taken for raw.
 */
export function probeFormat(head: Uint8Array): string {
  return signatures.find((signature) => signature.matches(head))?.format ?? 'raw'
}

function startsWith(head: Uint8Array, magic: string, at = 0): boolean {
  if (head.length < at + magic.length) return false
  for (let index = 0; index < magic.length; index++) if (head[at + index] !== magic.charCodeAt(index)) return false
  return true
}

function bigEndian32(head: Uint8Array, at: number): number {
  if (head.length < at + 4) return 0
  return new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(at)
}

/** A VMDK descriptor is text: comments and empty lines, then the version. */
function isVmdkText(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head)
  return /^(?:[ ]*(?:#[^\n]*)?\r?\n)*version=[123]\r?\n/.test(text)
}
