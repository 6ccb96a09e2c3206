import type { GuestSide } from '../../board/index.ts'
import { byte, device, dword, method, name, notify, packageOf, scope, ssdt, string } from '../../board/index.ts'

/** The file that the firmware copies to memory, and where in it the identifier is (QEMU, docs/specs/vmgenid.txt). */
const guidFile = { name: 'etc/vmgenid_guid', bytes: 4096, offset: 40 }
/** Where the firmware writes the identifier's address. */
const addressFile = 'etc/vmgenid_addr'
/** The general purpose event that tells of another identifier. */
const changedEvent = 5

/**
 * An identifier in the guest's memory, whose address an ACPI table tells (Microsoft, "Virtual Machine Generation ID").
 * When a state has been restored, the identifier is written anew before the guest goes on, and the guest is told.
 */
export const guest: GuestSide = ({ bus, properties: { guid } }) => {
  const identifier = guidBytes(String(guid))
  const contents = new Uint8Array(guidFile.bytes)
  contents.set(identifier, guidFile.offset)
  const address = new Uint8Array(8)
  if (bus.acpi.present) {
    bus.firmwareFile({ name: guidFile.name, data: contents })
    bus.firmwareFile({ name: addressFile, data: address, writable: true })
  }
  bus.acpi.load({
    ...{ file: guidFile.name, align: guidFile.bytes },
    pointer: { file: addressFile, offset: guidFile.offset },
  })
  bus.acpi.table(() => table(addressOf(address)))
  const changed = bus.acpi.event(changedEvent)
  let restored = false
  return {
    reset: () => {
      address.fill(0) // the firmware copies the file again
    },
    resumed: () => {
      const at = addressOf(address)
      if (restored && at !== 0) {
        bus.ram.write(at, identifier)
        changed.raise()
      }
      restored = false
    },
    save: () => [...address],
    restore: (state) => {
      if (!Array.isArray(state) || state.length !== address.length) throw new Error('vmgenid: no address')
      address.set(state)
      restored = true
    },
  }
}

/** The first three fields are little-endian in the guest's memory. */
function guidBytes(guid: string): Uint8Array {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex')
  for (const [start, end] of [
    [0, 4],
    [4, 6],
    [6, 8],
  ] as const)
    bytes.subarray(start, end).reverse()
  return new Uint8Array(bytes)
}

/** Firmware puts it below 4 GiB. */
function addressOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer).getUint32(0, true)
}

/** The device, and the method that tells of another identifier. @param address - 0 before the firmware has copied the file */
function table(address: number): Uint8Array {
  const generation = [
    ...name('_HID', string('QEMUVGID')),
    ...name('_CID', string('VM_Gen_Counter')),
    ...name('_DDN', string('VM_Gen_Counter')),
    ...name('_STA', byte(address === 0 ? 0 : 0x0f)),
    ...name('ADDR', packageOf(dword(address), dword(0))),
  ]
  return ssdt('VMGENID', [
    ...scope('_SB_', device('VGEN', generation)),
    ...scope('_GPE', method('_E05', notify('_SB_', 'VGEN', 0x80))),
  ])
}
