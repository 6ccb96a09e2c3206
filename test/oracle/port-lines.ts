/** Command lines about ports, sound and members that QEMU refuses, with what it says. */
const badId = "Parameter 'id' is missing"

export const portRefusals: readonly (readonly [readonly string[], string])[] = [
  [['-parallel', 'bogus'], wordRefused('bogus', "'bogus' is not a valid char driver")],
  [
    ['-parallel', 'chardev:x'],
    "-parallel chardev:x: could not connect parallel device to character backend 'chardev:x'",
  ],
  [['-chardev', 'null,id=parallel0', '-parallel', 'null'], wordRefused('null', "Duplicate ID 'parallel0' for chardev")],
  [
    ['-parallel', 'null', '-parallel', 'null', '-parallel', 'null', '-parallel', 'null'],
    '-parallel null: too many parallel ports',
  ],
  [['-device', 'isa-parallel'], "-device isa-parallel: Can't create parallel device, empty char device"],
  [
    ['-chardev', 'null,id=a', '-device', 'isa-parallel,chardev=a,index=5'],
    '-device isa-parallel,chardev=a,index=5: Max. supported number of parallel ports is 3.',
  ],
  [
    ['-chardev', 'null,id=a', '-parallel', 'chardev:a', '-device', 'isa-parallel,chardev=a'],
    "-device isa-parallel,chardev=a: Property 'isa-parallel.chardev' can't take value 'a': Device 'a' is in use",
  ],
  ...[
    ['none', badId],
    ['none,id=x,out.frequency=x', "Parameter 'out.frequency' expects integer"],
    ['none,id=x,out.nosuch=1', "Parameter 'out.nosuch' is unexpected"],
    ['none,id=x,in.format=zz', "Parameter 'format' does not accept value 'zz'"],
    ['none,id=x,out.mixing-engine=maybe', "Parameter 'out.mixing-engine' expects 'on' or 'off'"],
    ['none,id=x,out=1', "Invalid parameter type for 'out', expected: object"],
    ['nosuch,id=x', "Parameter 'driver' does not accept value 'nosuch'"],
  ].map(([words, said]) => [['-audiodev', words!], `-audiodev ${words}: ${said}`] as const),
  [['-set', 'chardev.x.path=y'], '-set chardev.x.path=y: there is no chardev "x" defined'],
  [['-chardev', 'null,id=x', '-set', 'netdev.x.net=y'], '-set netdev.x.net=y: there is no netdev "x" defined'],
  [
    ['-drive', 'file=d.raw,format=raw,throttling.bps-total=1k'],
    "-drive file=d.raw,format=raw,throttling.bps-total=1k: Parameter 'throttling.bps-total' expects a number",
  ],
  [
    ['-net', 'nic,netdev=n,noid'],
    "-net nic,netdev=n,noid: warning: short-form boolean option 'noid' deprecated\n" +
      "Please use id=off instead\n-net nic,netdev=n,noid: netdev 'n' not found",
  ],
]

function wordRefused(word: string, reason: string): string {
  return `-parallel ${word}: ${reason}\n-parallel ${word}: could not connect parallel device to character backend '${word}'`
}
