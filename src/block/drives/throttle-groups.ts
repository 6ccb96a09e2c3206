import type { Drive } from './drive.ts'
import { ThrottleGroup } from './throttle-group.ts'
import { limitsAnything, type ThrottleLimits } from './throttle-limits.ts'

/** The throttle groups of a machine, by name: there as long as a drive is in them. */
export class ThrottleGroups {
  readonly #groups = new Map<string, ThrottleGroup>()

  /**
   * Sets the limits of a drive and of all drives in its group; limits of nothing take the drive out of it.
   *
   * @param name - the group to be in; undefined for the one where it is, or else one of the drive's own
   */
  limit(drive: Drive, limits: ThrottleLimits, name: string | undefined): void {
    const before = drive.throttleGroup
    if (!limitsAnything(limits)) {
      drive.setThrottle(undefined)
    } else {
      const group = this.#obtain(name ?? before?.name ?? drive.id, limits)
      group.configure(limits)
      if (group !== before) drive.setThrottle(group.join())
    }
    if (before?.empty === true) this.#groups.delete(before.name)
  }

  #obtain(name: string, limits: ThrottleLimits): ThrottleGroup {
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = new ThrottleGroup(name, limits)
      this.#groups.set(name, group)
    }
    return group
  }
}
