import { QmpError } from '../qapi/index.ts'

/**
 * The CPU that an index means. QEMU counts CPUs in 32 bits, and drops the rest of an index.
 *
 * @param count - how many CPUs the machine has
 * @throws {QmpError} GenericError, if there is no such CPU
 */
export function cpuNumber(index: number | bigint, { count }: { readonly count: number }): number {
  const number = Number(BigInt.asIntN(32, BigInt(index)))
  if (number >= 0 && number < count) return number
  throw new QmpError('GenericError', "Parameter 'cpu-index' expects a CPU number")
}
