import { fstatSync } from 'node:fs'
import { reasonText } from '../../errno/index.ts'
import { ProgramError } from '../program-error.ts'

/** The first descriptor of those that systemd hands to a service with a socket. */
export const firstInherited = 3

/**
 * How many sockets this process was given to listen on, by `LISTEN_FDS` and `LISTEN_PID`; both are gone then, so that
 * no child takes them for its own.
 *
 * @throws {ProgramError} in QEMU's words, if one of them is not there
 */
export function takeInheritedSockets(environment: NodeJS.ProcessEnv, pid: number): number {
  const [owner, count] = [environment['LISTEN_PID'], environment['LISTEN_FDS']]
  if (owner !== String(pid) || count === undefined || !/^\d+$/.test(count)) return 0
  delete environment['LISTEN_PID']
  delete environment['LISTEN_FDS']
  for (let fd = firstInherited; fd < firstInherited + Number(count); fd++) {
    try {
      fstatSync(fd)
    } catch (error) {
      throw new ProgramError(`Socket activation failed: invalid file descriptor fd = ${fd}: ${reasonText(error)}`)
    }
  }
  return Number(count)
}
