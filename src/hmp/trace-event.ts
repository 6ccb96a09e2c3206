import { HmpError } from './hmp-error.ts'

/**
 * Checks the name of a trace event, of which there are none: only a pattern names none without being wrong.
 *
 * @throws {HmpError} if there is no such CPU, or no such event
 */
export function checkEvent(name: string, vcpu: bigint | undefined, cpuCount: number): void {
  if (vcpu !== undefined && vcpu >= BigInt(cpuCount)) throw new HmpError(`invalid vCPU index ${vcpu}`)
  if (!name.includes('*')) throw new HmpError(`unknown event "${name}"`)
}
