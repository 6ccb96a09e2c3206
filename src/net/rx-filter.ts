/** Of one kind of frames, a card takes those that its tables name, none, or all. */
export type RxState = 'normal' | 'none' | 'all'

/** Which frames a card takes. */
export interface RxFilter {
  /** It takes every frame; nothing else counts then. */
  readonly promiscuous: boolean
  readonly unicast: RxState
  readonly multicast: RxState
  readonly vlan: RxState
  readonly broadcast: boolean
  /** Tables that were too small for what the guest has said: all of their kind are taken. */
  readonly unicastOverflow: boolean
  readonly multicastOverflow: boolean
  /** Its own address; this and the others as text. */
  readonly mac: string
  /** In the order in which the guest has said them. */
  readonly unicastTable: readonly string[]
  readonly multicastTable: readonly string[]
  /** A bit for each VLAN, the lowest first. */
  readonly vlans: Uint32Array
}
