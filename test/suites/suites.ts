import { fleets } from './fleets/fleets.ts'
import { guestSuites } from './guest-suites.ts'
import { installed } from './installed.ts'
import { iotests } from './iotests/iotests.ts'
import { netSuites } from './net-suites.ts'
import { qtests } from './qtests/qtests.ts'
import type { Suite } from './suite.ts'

/** Every suite that `npm run suites` knows. */
export const suites: readonly Suite[] = [iotests, qtests, ...guestSuites, ...netSuites, fleets, installed]
