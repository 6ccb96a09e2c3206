import { differs, type Expectation, notForUs, passes, waitsFor } from '../expectation.ts'

/** The programs among QEMU's C tests that need nothing of QEMU's accelerator for tests, or little. */
export const programs = [
  'qmp-test',
  'qmp-cmd-test',
  'qom-test',
  'test-hmp',
  'device-introspect-test',
  'machine-none-test',
  'readconfig-test',
  'boot-serial-test',
  'boot-order-test',
  'cdrom-test',
  'drive_del-test',
  'device-plug-test',
  'display-vga-test',
  'test-x86-cpuid-compat',
] as const

const objects = waitsFor('objects: qom-list and its kin, object-add')
const devices = waitsFor('device_add')
const guestPorts = notForUs("reads and writes the guest's ports through QEMU's accelerator for tests")

/** What is not expected to pass: a case, or a whole program by its name. What is not here is expected to pass. */
export const exceptions: Readonly<Record<string, Expectation>> = {
  '/i386/qmp/oob': differs('no command is served out of band'),
  '/i386/qmp/preconfig': differs('there is no -preconfig'),
  '/i386/qmp/missing-any-arg': objects,
  '/i386/qmp/__org.vmon_query-screen-text': differs('wants a machine with a screen, and the test does not know it'),
  '/i386/qmp/object-add-failure-modes': objects,
  'qom-test': objects,
  'device-introspect-test': objects,
  '/i386/device/introspect/none': passes,
  '/i386/device/introspect/abstract': passes,
  '/i386/machine/none/cpu_option': differs('the CPU has no properties: -cpu qemu32,apic-id=0 is refused'),
  'readconfig-test': waitsFor('-readconfig, and objects'),
  'boot-order-test': guestPorts,
  'boot-serial-test': guestPorts,
  'cdrom-test': guestPorts,
  'drive_del-test': devices,
  '/i386/drive_del/without-dev': passes,
  'device-plug-test': devices,
  'display-vga-test': guestPorts,
  'test-x86-cpuid-compat': notForUs("asks for the features of QEMU's CPU models; there is one CPU"),
}
