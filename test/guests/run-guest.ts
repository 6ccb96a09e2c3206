/**
 * Carries a saved Debian guest on, with its serial port at a socket, until it is killed:
 *
 *     node run-guest.js STATE DISK SERIAL
 *
 * Prints a line when the guest runs.
 */
import { startMachine } from '../../src/index.ts'
import { debianOptions } from './debian-guest.ts'

const [state, disk, serial] = process.argv.slice(2) as [string, string, string]
await startMachine(await debianOptions({ disk, serial }), { savedState: state })
process.stdout.write('running\n')
process.stdin.resume().on('end', () => process.exit()) // the test has ended without us
