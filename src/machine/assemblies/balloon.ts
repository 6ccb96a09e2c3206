import { Balloon } from '../../devices/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import type { Start } from './start.ts'

/** What the machine knows of a balloon in its guest, whether there is one or not. */
export function balloon({ config, scope, events }: Start & { readonly events: EventHub }): {
  readonly balloon: Balloon
} {
  const made = new Balloon(config.ramBytes, (name, ...[data]) => events.emit(name, data))
  scope.own(() => Promise.resolve(made.close()))
  return { balloon: made }
}
