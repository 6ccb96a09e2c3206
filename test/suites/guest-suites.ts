import { longTest } from './long-test.ts'
import type { Suite } from './suite.ts'

/** Guests that take minutes; a variable that is set already wins. */
export const guestSuites: readonly Suite[] = [
  longTest(
    'hostile',
    'programs that give nonsense to all hardware, ten minutes (VMON_HOSTILE seconds, from VMON_SEED on)',
    {
      file: 'test/guests/hostile-boot',
      environment: { VMON_HOSTILE: '600' },
    },
  ),
  longTest('memtest', 'memtest86+ passes once over 64 MiB (VMON_MEMTEST)', {
    file: 'test/guests/memtest',
    environment: { VMON_MEMTEST: '64' },
  }),
  longTest('plugging', 'a disk comes and goes a hundred times under Linux (VMON_PLUGGING)', {
    file: 'test/guests/debian-plugging',
    environment: { VMON_PLUGGING: '100' },
  }),
  longTest(
    'stress',
    'stress-ng in Linux: every method of --cpu and the others, ten minutes (VMON_STRESS seconds each)',
    {
      file: 'test/guests/debian-stress',
      environment: { VMON_STRESS: '7' },
    },
  ),
  longTest('journeys', 'a Linux that works is migrated by every way in turn (VMON_JOURNEYS times: a hundred)', {
    file: 'test/guests/debian-migration',
    environment: { VMON_JOURNEYS: '100' },
  }),
]
