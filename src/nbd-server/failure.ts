import { BlockError } from '../block/index.ts'
import { systemCode } from '../errno/index.ts'
import { wireError } from '../nbd/index.ts'

const codeOfKind: Readonly<Partial<Record<BlockError['kind'], string>>> = {
  'no-space': 'ENOSPC',
  'read-only': 'EPERM',
  permission: 'EPERM',
  unsupported: 'ENOTSUP',
  range: 'EINVAL',
  invalid: 'EINVAL',
}

/** What goes over the wire for a request that has failed. @throws what is no failure of a disk, but a bug */
export function wireErrorOf(error: unknown): number {
  if (error instanceof BlockError) return wireError(error.context.code ?? codeOfKind[error.kind] ?? 'EIO')
  const code = systemCode(error)
  if (code === undefined) throw error
  return wireError(code)
}
