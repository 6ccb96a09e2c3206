import type { DiskGate } from './disk-gate.ts'
import type { Snapshots } from './open/driver.ts'

/** Snapshots of an image that take turns with what else changes it. */
export function gatedSnapshots(snapshots: Snapshots, gate: DiskGate): Snapshots {
  const whole = <T>(work: () => Promise<T>): Promise<T> => gate.run('whole', work)
  const { state } = snapshots
  return {
    get list() {
      return snapshots.list
    },
    state: {
      write: (offset, bytes) => gate.run('change', () => state.write(offset, bytes)),
      readInto: (offset, target) => state.readInto(offset, target),
      clear: () => whole(() => state.clear()),
    },
    create: (wanted) => whole(() => snapshots.create(wanted)),
    apply: (id) => whole(() => snapshots.apply(id)),
    delete: (id) => whole(() => snapshots.delete(id)),
    show: (id) => whole(() => snapshots.show(id)),
  }
}
