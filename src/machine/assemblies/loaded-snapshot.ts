import type { MachineSnapshots } from '../../migration/index.ts'
import { asked, nobody, type Start } from './start.ts'

/** Lets the machine begin where it was when a snapshot was made. */
export async function loadedSnapshot({ config, snapshots, signal }: Start & { readonly snapshots: MachineSnapshots }) {
  const { loadvm } = config
  if (loadvm !== undefined) await asked(nobody, snapshots.load(loadvm), signal)
  return {}
}
