import { type Scope, untilAborted } from '../../async/index.ts'
import type { Logger } from '../../log/index.ts'
import type { Asked, MachineConfig } from '../config.ts'
import { startupError } from '../config-error.ts'
import type { MachineSurroundings } from '../surroundings.ts'

/** What every assembly finds: what the machine is to be, what ends its parts, and whom to tell. */
export interface Start extends MachineSurroundings {
  readonly config: MachineConfig
  /** Takes what has to be ended with the machine, in the reverse order of the start. */
  readonly scope: Scope
  readonly log: Logger
}

/** For what QEMU complains of without naming an option. */
export const nobody: Asked = { origin: undefined }

/** Waits for what was asked for, unless the start is given up; a failure says by whom. */
export async function asked<T>(by: Asked, work: Promise<T> | (() => Promise<T>), signal?: AbortSignal): Promise<T> {
  try {
    return await untilAborted(typeof work === 'function' ? work() : work, signal)
  } catch (error) {
    throw signal?.aborted === true ? error : startupError(by, error)
  }
}
