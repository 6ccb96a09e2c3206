const flash = (image: string): string =>
  `if=pflash,format=raw,${image}`.replace('format=raw,driver=null-co', 'driver=null-co,read-zeroes=on')
const flashNode = (bytes: string): string => `driver=null-co,read-zeroes=on,node-name=n,size=${bytes}`
const wrongFlash = (drive: string, bytes: number): string =>
  `system firmware block device ${drive} has invalid size ${bytes}\ninfo: its size must be a non-zero multiple of 0x1000`

/** Command lines about flash memory that QEMU 7.2 refuses, as `refusals` has others. */
export const flashRefusals: readonly (readonly [words: readonly string[], said: string])[] = [
  [['-drive', flash('file=d.raw')], wrongFlash('pflash0', 1049088)],
  [['-drive', flash('driver=null-co,size=0')], wrongFlash('pflash0', 0)],
  [['-drive', flash('driver=null-co,size=9M')], 'combined size of system firmware exceeds 8388608 bytes'],
  [
    ['-drive', flash('driver=null-co,size=4M'), '-drive', flash('driver=null-co,size=5M')],
    'combined size of system firmware exceeds 8388608 bytes',
  ],
  [['-drive', 'if=pflash'], "can't get size of block device pflash0: No medium found"],
  [['-drive', flash('driver=null-co,size=1M,unit=1')], 'pflash1 requires pflash0'],
  [['-machine', 'pflash1=n', '-blockdev', flashNode('1048576')], 'pflash1 requires pflash0'],
  [['-machine', 'pflash0=n', '-blockdev', flashNode('5120')], wrongFlash('', 5120)],
  [['-machine', 'pflash0=nope'], "Property 'cfi.pflash01.drive' can't find value 'nope'"],
  [['-machine', 'none,pflash0=nope'], "Property 'none-machine.pflash0' not found"],
  [
    ['-machine', 'pflash0=n', '-blockdev', flashNode('1048576'), '-drive', flash('driver=null-co,size=1M')],
    `-drive ${flash('driver=null-co,size=1M')}: clashes with -machine`,
  ],
  [
    ['-drive', 'if=ide,driver=null-co,read-zeroes=on,size=1M,id=d', '-machine', 'pflash0=d'],
    "Drive 'd' is already in use because it has been automatically connected to another device (did you need 'if=none' in the drive options?)",
  ],
  [
    ['-drive', flash('driver=null-co,size=1M,unit=2')],
    `-drive ${flash('driver=null-co,size=1M,unit=2')}: machine type does not support if=pflash,bus=0,unit=2`,
  ],
  [
    ['-machine', 'none', '-drive', flash('driver=null-co,size=1M')],
    `-drive ${flash('driver=null-co,size=1M')}: machine type does not support if=pflash,bus=0,unit=0`,
  ],
]
