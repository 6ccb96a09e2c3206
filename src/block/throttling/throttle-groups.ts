import { type ThrottleClock, ThrottleGroup, type ThrottleMember } from './throttle-group.ts'
import { limitsAnything, type ThrottleLimits } from './throttle-limits.ts'

/** A drive, as far as limits are concerned. */
export interface LimitedDrive {
  readonly id: string
  readonly throttleGroup: ThrottleGroup | undefined
  setThrottle(member: ThrottleMember | undefined): void
}

/** The throttle groups of a machine, by name: there as long as something is in them, or as a user's object. */
export class ThrottleGroups {
  readonly #groups = new Map<string, ThrottleGroup>()
  /** Those that are objects. */
  readonly #objects = new Set<ThrottleGroup>()
  readonly #clock: ThrottleClock | undefined

  /** @param clock - for tests */
  constructor(clock?: ThrottleClock) {
    this.#clock = clock
  }

  /** Makes a group that stays even with nothing in it. @param name - of which there is none yet */
  addObject(name: string, limits: ThrottleLimits): void {
    this.#objects.add(this.#obtain(name, limits))
  }

  /** The object of that name is not wanted any more: what is in the group stays in it. */
  removeObject(name: string): void {
    const group = this.#groups.get(name)
    if (group === undefined) return
    this.#objects.delete(group)
    this.find(name)
  }

  find(name: string): ThrottleGroup | undefined {
    const group = this.#groups.get(name)
    if (group === undefined || !group.empty || this.#objects.has(group)) return group
    this.#groups.delete(name)
    return undefined
  }

  /**
   * Sets the limits of a drive and of everything else in its group; limits of nothing take the drive out of it.
   *
   * @param name - the group to be in; undefined for the one where it is, or else one of the drive's own
   */
  limit(drive: LimitedDrive, limits: ThrottleLimits, name: string | undefined): void {
    if (!limitsAnything(limits)) {
      drive.setThrottle(undefined)
      return
    }
    const before = drive.throttleGroup
    const group = this.#obtain(name ?? before?.name ?? drive.id, limits)
    group.configure(limits)
    if (group !== before) drive.setThrottle(group.join())
  }

  #obtain(name: string, limits: ThrottleLimits): ThrottleGroup {
    const there = this.find(name)
    if (there !== undefined) return there
    const group = new ThrottleGroup(name, limits, this.#clock)
    this.#groups.set(name, group)
    return group
  }
}
