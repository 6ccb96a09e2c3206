import { YankInstances } from '../yank-instances.ts'
import type { Start } from './start.ts'

/** What can be yanked; chardevs of the configuration come before its images, as in QEMU, which opens them first. */
export function yank({ config }: Start): { readonly yankInstances: YankInstances } {
  const yankInstances = new YankInstances()
  for (const { label, backend, mux } of config.chardevs)
    if (backend.type === 'socket')
      yankInstances.reserve({ type: 'chardev', id: mux === true ? `${label}-base` : label })
  return { yankInstances }
}
