import type { HostSide } from '../model.ts'

/** All that a watchdog tells is that it has bitten. */
export const host: HostSide = ({ services }) => ({ receive: () => services.watchdogExpired() })
