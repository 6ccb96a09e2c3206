import { strerror } from '../../errno/index.ts'
import { BlockError, type BlockErrorKind } from '../block-error.ts'

/** Why a job has failed, in words of its own instead of the system's. */
export class JobFailure extends Error {
  override readonly name = 'JobFailure'
}

const codes: Readonly<Partial<Record<BlockErrorKind, string>>> = {
  'no-space': 'ENOSPC',
  permission: 'EPERM',
  'read-only': 'EACCES',
  unsupported: 'ENOTSUP',
  invalid: 'EINVAL',
  missing: 'ENOENT',
}

/** What a failure of a job is called: the system's words for it, as jobs of QEMU keep no others. */
export function failureText(error: unknown): string {
  if (error instanceof JobFailure) return error.message
  if (!(error instanceof BlockError)) return error instanceof Error ? error.message : String(error)
  return strerror(error.context.code ?? codes[error.kind] ?? 'EIO')
}

/** Whether it failed for want of space. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof BlockError && error.kind === 'no-space'
}

/** What becomes of a job whose request has failed (QAPI's BlockdevOnError). */
export const errorPolicies = ['report', 'ignore', 'enospc', 'stop', 'auto'] as const
export type ErrorPolicy = (typeof errorPolicies)[number]

export type ErrorAction = 'report' | 'ignore' | 'stop'

export function actionOn(policy: ErrorPolicy, error: unknown): ErrorAction {
  if (policy === 'enospc' || policy === 'auto') return isNoSpace(error) ? 'stop' : 'report'
  return policy
}
