import type { RunControl } from '../../runstate/index.ts'
import { AbruptEnd } from '../abrupt-end.ts'
import type { MachineSurroundings } from '../surroundings.ts'

interface Needs extends Pick<MachineSurroundings, 'killed'> {
  readonly runControl: RunControl
}

/** Lets the machine end as by a crash; what clients hold on to is registered as it is made. */
export function abruptEnd({ runControl, killed }: Needs): { readonly abruptEnd: AbruptEnd } {
  return { abruptEnd: new AbruptEnd(() => runControl.quit('host-error'), killed) }
}
