import type { RunControl } from '../../runstate/index.ts'
import { AbruptEnd } from '../abrupt-end.ts'

/** Lets the machine end as by a crash; what clients hold on to is registered as it is made. */
export function abruptEnd({ runControl }: { readonly runControl: RunControl }): { readonly abruptEnd: AbruptEnd } {
  return { abruptEnd: new AbruptEnd(() => runControl.quit('host-error')) }
}
