import { byte, device, name, ports, scope, ssdt, string } from './aml.ts'

/** The ports of the device: selector, data, and those for direct memory access. */
const firstPort = 0x510
const portCount = 12

/**
 * The table by which a guest finds the firmware configuration device, as QEMU names it: QEMU0002. SeaBIOS adds it to
 * those that it makes itself.
 */
export function fwCfgTable(): Uint8Array {
  const body = [
    ...name('_HID', string('QEMU0002')),
    ...name('_STA', byte(0x0b)), // there, enabled, working, and not shown
    ...name('_CRS', ports(firstPort, portCount)),
  ]
  return ssdt('BXPCFWCF', scope('_SB_', device('FWCF', body)))
}
