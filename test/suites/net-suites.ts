import { longTest } from './long-test.ts'
import type { Suite } from './suite.ts'

/** Networks that carry much; a variable that is set already wins. */
export const netSuites: readonly Suite[] = [
  longTest('joined', 'networks joined by socket and stream copy 100 MiB each way (VMON_COPY MiB)', {
    file: 'test/net/joined',
    environment: { VMON_COPY: '100' },
  }),
  longTest('relayed', 'two kernels copy 100 MiB each way through a vmon and a QEMU (VMON_COPY MiB); needs root', {
    file: 'test/net/relayed',
    environment: { VMON_COPY: '100' },
  }),
  longTest('frames', 'a million frames of every kind to user networks (VMON_FRAMES)', {
    file: 'src/net/user/user-net',
    environment: { VMON_FRAMES: '1000000' },
  }),
]
