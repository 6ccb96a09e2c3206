/** What a domain is made of. */
export interface DomainFiles {
  readonly emulator: string
  readonly disk: string
  readonly cd: string
}

/** A domain as virt-install would describe it: what libvirt has no say in, such as slots, it adds by itself. */
export function domainXml(name: string, { emulator, disk, cd }: DomainFiles): string {
  return `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='i686' machine='pc'>hvm</type><boot dev='cdrom'/></os>
  <features><acpi/></features>
  <devices>
    <emulator>${emulator}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='hda' bus='ide'/>
    </disk>
    <disk type='file' device='cdrom'><source file='${cd}'/><target dev='hdc' bus='ide'/><readonly/></disk>
    <controller type='usb' model='none'/>
    <interface type='user'><mac address='52:54:00:00:00:01'/><model type='e1000'/></interface>
    <serial type='pty'/>
    <graphics type='vnc' autoport='yes'/>
    <video><model type='vga'/></video>
    <memballoon model='virtio'/>
  </devices>
</domain>
`
}

/** A second network card. */
export const secondCard = `<interface type='user'><mac address='52:54:00:11:22:33'/><model type='e1000'/></interface>\n`
