const sizeHint =
  'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.'
const noSize = `Parameter 'size' expects a non-negative number below 2^64\n${sizeHint}`
const notAnIdentifier =
  "Parameter 'id' expects an identifier\nIdentifiers consist of letters, digits, '-', '.', '_', starting with a letter."
const noMachine = 'unsupported machine type\nUse -machine help to list supported machines'
const noDate = "invalid datetime format\nvalid formats: '2006-06-17T16:01:21' or '2006-06-17'"

const deprecated = (origin: string, written: string, instead: string): string =>
  `${origin}: warning: short-form boolean option '${written}' deprecated\nPlease use ${instead} instead\n`

/** The one option of a line, and what is said of it. */
const about = (option: string, value: string, text: string): Refusal => [[option, value], `${option} ${value}: ${text}`]

type Refusal = readonly [words: readonly string[], said: string]

/**
 * Command lines that QEMU 7.2 refuses, and what it says before it gives up, without its own name. It runs in a folder
 * that holds a raw image of 1 MiB and 1 byte, d.raw, and a short text.
 */
export const refusals: readonly Refusal[] = [
  [['-bogus'], '-bogus: invalid option'],
  [['--bogus'], '--bogus: invalid option'],
  [['-'], '-: invalid option'],
  [['--'], '--: invalid option'],
  [['-S=on'], '-S=on: invalid option'],
  [['-m'], '-m: requires an argument'],
  [['-m', '5x', '-bogus'], '-bogus: invalid option'],
  [['-version', '-bogus'], '-bogus: invalid option'],
  [['nofile'], "nofile: Could not open 'nofile': No such file or directory"],

  about('-m', '5x', noSize),
  about('--m', '5x', noSize),
  about('-m', '-1', noSize),
  about('-m', '3.1', noSize),
  about('-m', '1e3M', noSize),
  about('-m', '512MB', noSize),
  about('-m', 'size=', noSize),
  about('-m', ',1', noSize),
  about('-m', '16E', "Value '16E' is out of range for parameter 'size'"),
  about('-m', 'foo=1', "Invalid parameter 'foo'"),
  about('-m', '512,=2', "Invalid parameter ''"),
  about('-m', '1,slots=99999999999999999999', "Value '99999999999999999999' is too large for parameter 'slots'"),
  [['-m', '512,slots'], `${deprecated('-m 512,slots', 'slots', 'slots=on')}-m 512,slots: Parameter 'slots' expects a number`],
  [['-m', 'size=1G,slots=2'], 'slots specified but no max-size'],
  [
    ['-m', '128,maxmem=64M'],
    'invalid value of maxmem: maximum memory size (0x4000000) must be at least the initial memory size (0x8000000)',
  ],
  [
    ['-m', '128,maxmem=128M,slots=3'],
    'invalid value of maxmem: memory slots were specified but maximum memory size (0x8000000) is equal to the initial memory size (0x8000000)',
  ],
  [['-smp', 'x'], "Parameter 'smp.cpus' expects integer"],
  [['-smp', 'cpus.x=1'], "Parameters 'smp.cpus.*' are unexpected"],
  [['-smp', '1,a=1,b=2,c=3,d=4'], "Parameter 'smp.b' is unexpected"],

  about('-action', 'foo=bar', "Invalid parameter 'foo'"),
  about('-action', 'reboot=off', "Parameter 'reboot' does not accept value 'off'"),
  about('-action', 'panic=poweroff', "Parameter 'panic' does not accept value 'poweroff'"),
  about('-watchdog-action', 'a,b', "Parameter 'watchdog' does not accept value 'a,b'"),
  [
    ['-watchdog-action', 'none', '-action', 'watchdog=bite', '-machine', 'bogus'],
    "-watchdog-action none: Parameter 'watchdog' does not accept value 'bite'",
  ],

  [['-machine', 'bogus'], noMachine],
  [['-M', 'bogus'], noMachine],
  about('-machine', 'pc,usb', "Expected '=' after parameter 'usb'"),
  about('-machine', ',', "Invalid parameter ''"),
  [['-machine', 'foo=bar'], "Property 'pc-i440fx-7.2-machine.foo' not found"],
  [['-machine', 'none,foo=1'], "Property 'none-machine.foo' not found"],
  [['-machine', 'usb=maybe'], "Parameter 'usb' expects 'on' or 'off'"],
  [['-machine', 'vmport=x'], "Parameter 'vmport' does not accept value 'x'"],
  [['-machine', 'acpi=yes'], "Parameter 'acpi' does not accept value 'yes'"],
  [['-machine', 'smp=3'], "Invalid parameter type for 'smp', expected: object"],
  [['-machine', 'accel=bogus'], 'invalid accelerator bogus'],
  [['-machine', 'accel=bogus:foo'], 'invalid accelerator bogus\ninvalid accelerator foo'],
  [['-machine', 'accel=tcg', '-accel', 'tcg'], 'The -accel and "-machine accel=" options are incompatible'],
  [['-machine', 'none', '-kernel', 'd.raw'], "The -kernel parameter is not supported (use the generic 'loader' device instead)."],
  about('-accel', 'bogus', 'invalid accelerator bogus'),
  about('-accel', 'hvf', 'invalid accelerator hvf'),
  [
    ['-accel', 'bogus', '-accel', 'foo'],
    '-accel bogus: invalid accelerator bogus\n-accel foo: invalid accelerator foo',
  ],
  about('-accel', 'tcg,thread=x', "Invalid 'thread' setting x"),
  about('-accel', 'tcg,foo=1', "Property 'tcg-accel.foo' not found"),
  about('-accel', 'tcg,tb-size=x', "Parameter 'tb-size' expects uint64"),
  [['-cpu', 'bogus'], "unable to find CPU model 'bogus'"],
  [['-cpu', ''], '-cpu option cannot be empty'],
  [['-cpu', 'qemu32,+foo'], "Property 'qemu32-i386-cpu.foo' not found"],
  [
    ['-cpu', 'qemu32,foo=on'],
    "can't apply global qemu32-i386-cpu.foo=on: Property 'qemu32-i386-cpu.foo' not found",
  ],
  about('-name', 'bar=1', "Invalid parameter 'bar'"),
  about('-name', 'foo,debug-threads=x', "Parameter 'debug-threads' expects 'on' or 'off'"),
  about('-uuid', 'x', 'failed to parse UUID string: wrong format'),
  about('-uuid', '550e8400e29b41d4a716446655440000', 'failed to parse UUID string: wrong format'),
  [['-vga', 'bogus'], 'unknown vga type: bogus'],
  [['-vga', 'std,foo'], 'unknown vga type: std,foo'],
  about('-display', 'bogus', "Parameter 'type' does not accept value 'bogus'"),
  about('-display', '', "Parameter 'type' is missing"),
  about('-display', 'none,foo', "Expected '=' after parameter 'foo'"),
  about('-display', '{"type":"none"', 'JSON parse error, premature EOI'),
  about('-display', '{"type":1}', "Invalid parameter type for 'type', expected: string"),
  about('-display', '{"type":"none","foo":1}', "Parameter 'foo' is unexpected"),
  about('-display', '{"type":"none"}{}', 'Expecting at most one JSON value'),
  about('-display', 'vnc', 'VNC requires a display argument vnc=<display>'),

  [['-boot', 'z'], "Invalid boot device 'z'"],
  [['-boot', 'once=z'], "Invalid boot device 'z'"],
  [['-boot', 'aa'], "Boot device 'a' was given twice"],
  [['-boot', 'e'], "Invalid boot device for PC: 'e'"],
  [['-boot', 'abcd'], 'Too many boot devices for PC'],
  [['-boot', 'menu=x'], "Parameter 'boot.menu' expects 'on' or 'off'"],
  [['-boot', 'splash-time=x'], "Parameter 'boot.splash-time' expects integer"],
  [['-boot', 'splash-time=99999'], 'splash-time is invalid,it should be a value between 0 and 65535'],
  [['-boot', 'reboot-timeout=70000'], 'reboot timeout is invalid,it should be a value between -1 and 65535'],
  [['-boot', 'foo=1'], "Parameter 'boot.foo' is unexpected"],
  about('-boot', 'c,d', "Expected '=' after parameter 'd'"),
  about('-boot', 'a,,b', "Invalid parameter ''"),
  [['-append', 'x'], '-append only allowed with -kernel option'],
  [['-initrd', 'x'], '-initrd only allowed with -kernel option'],
  [['-bios', 'nofile'], "could not load PC BIOS 'nofile'"],
  [['-bios', 'd.raw'], "could not load PC BIOS 'd.raw'"],
  [['-kernel', '.'], "could not load kernel '.': Is a directory"],
  [['-kernel', 'text'], 'invalid kernel header'],
  [['-kernel', 'nofile'], "could not open kernel file 'nofile': No such file or directory"],
  about('-rtc', 'foo=1', "Invalid parameter 'foo'"),
  [['-rtc', 'utc'], `${deprecated('-rtc utc', 'utc', 'utc=on')}-rtc utc: Invalid parameter 'utc'`],
  [['-rtc', 'base=bogus'], noDate],
  [['-rtc', 'clock=x'], "invalid option value 'x'"],
  [['-rtc', 'driftfix=x'], "invalid option value 'x'"],

  about('-hda', 'nofile', "Could not open 'nofile': No such file or directory"),
  about('-cdrom', 'nofile', "Could not open 'nofile': No such file or directory"),
  about('-drive', 'if=bogus', "unsupported bus type 'bogus'"),
  about('-drive', 'if=none,id=1', notAnIdentifier),
  [
    ['-drive', 'if=none,foo'],
    `${deprecated('-drive if=none,foo', 'foo', 'foo=on')}-drive if=none,foo: Must specify either driver or file`,
  ],
  [['-drive', 'if=none,id=a', '-drive', 'if=none,id=a'], "-drive if=none,id=a: Duplicate ID 'a' for drive"],

  about('-chardev', 'null', 'chardev: no id specified'),
  about('-chardev', 'null,id=1', notAnIdentifier),
  about('-chardev', 'id=a', 'chardev: "a" missing backend'),
  about('-chardev', 'bogus,id=a', "'bogus' is not a valid char driver name"),
  about('-chardev', 'null,id=a,foo=1', "Invalid parameter 'foo'"),
  about('-chardev', 'null,id=a,mux=x', "Parameter 'mux' expects 'on' or 'off'"),
  about('-chardev', 'socket,id=a,path=none/x', "Failed to connect to 'none/x': No such file or directory"),
  [
    ['-chardev', 'null,id=compat_monitor0', '-qmp', 'null'],
    "-qmp null: Duplicate ID 'compat_monitor0' for chardev\n-qmp null: parse error: null",
  ],
  [['-chardev', 'null,id=a', '-chardev', 'null,id=a'], "-chardev null,id=a: Duplicate ID 'a' for chardev"],
  about('-mon', 'nope,mode=control', 'chardev "nope" not found'),
  about('-mon', 'mode=control', "Parameter 'chardev' is missing"),
  about('-mon', 'nope,mode=x', "Parameter 'mode' does not accept value 'x'"),
  about('-mon', 'nope,foo=1', "Invalid parameter 'foo'"),
  about('-mon', 'nope,mode=control,pretty=x', "Parameter 'pretty' expects 'on' or 'off'"),
  [['-chardev', 'null,id=a', '-mon', 'a,pretty=on'], "-mon a,pretty=on: 'pretty' is not compatible with HMP monitors"],
  [
    ['-chardev', 'null,id=a', '-mon', 'a,mode=control', '-mon', 'a,mode=control'],
    "-mon a,mode=control: Device 'a' is in use",
  ],
  [
    ['-chardev', 'null,id=a', '-chardev', 'null,id=b', '-mon', 'a,id=x,mode=control', '-mon', 'b,id=x,mode=control'],
    "-mon b,id=x,mode=control: Duplicate ID 'x' for mon",
  ],
  [['-qmp', 'bogus:x'], "-qmp bogus:x: 'bogus:x' is not a valid char driver\n-qmp bogus:x: parse error: bogus:x"],
  [['-qmp', 'none'], "-qmp none: 'none' is not a valid char driver\n-qmp none: parse error: none"],
  [['-qmp', 'tcp:x'], '-qmp tcp:x: parse error: tcp:x'],
  [
    ['-qmp', 'unix:q,server=on,wait=off,foo=1'],
    "-qmp unix:q,server=on,wait=off,foo=1: Invalid parameter 'foo'\n-qmp unix:q,server=on,wait=off,foo=1: parse error: unix:q,server=on,wait=off,foo=1",
  ],
  about('-qmp', 'chardev:nope', 'chardev "nope" not found'),
  about('-qmp', 'unix:none/q,server=on,wait=off', 'Failed to bind socket to none/q: No such file or directory'),
  [
    ['-monitor', 'bogus'],
    "-monitor bogus: 'bogus' is not a valid char driver\n-monitor bogus: parse error: bogus",
  ],
  [
    ['-serial', 'bogus:x'],
    "-serial bogus:x: 'bogus:x' is not a valid char driver\n-serial bogus:x: could not connect serial device to character backend 'bogus:x'",
  ],
  about('-serial', 'chardev:nope', "could not connect serial device to character backend 'chardev:nope'"),
  [
    ['-serial', 'file:none/f'],
    "-serial file:none/f: Could not open 'none/f': No such file or directory\n-serial file:none/f: could not connect serial device to character backend 'file:none/f'",
  ],
  [
    ['-chardev', 'null,id=serial0'],
    "Duplicate ID 'serial0' for chardev\ncould not connect serial device to character backend 'vc:80Cx24C'",
  ],

  [['-D', 'none/x'], 'Error opening logfile none/x: No such file or directory'],
  [['-D', '%d%d'], 'Bad logfile template: %d%d'],
  [['-D', 'x%s'], 'Bad logfile template: x%s'],
  [['-pidfile', 'none/x'], "cannot create PID file: Could not create 'none/x': No such file or directory"],
  [['-pidfile', '.'], "cannot create PID file: Could not create '.': Is a directory"],
  [['-nographic', '-daemonize'], '-nographic cannot be used with -daemonize'],
  [['-daemonize', '-qmp', 'stdio'], '-qmp stdio: cannot use stdio with -daemonize'],

  // Of several mistakes the one is told that QEMU comes upon first.
  [['-append', 'x', '-m', '5x'], `-m 5x: ${noSize}`],
  [['-machine', 'bogus', '-append', 'x'], '-append only allowed with -kernel option'],
  [['-machine', 'bogus', '-rtc', 'base=bogus'], noDate],
  [['-vga', 'bogus', '-machine', 'bogus'], noMachine],
  [['-chardev', 'bogus,id=x', '-vga', 'bogus'], 'unknown vga type: bogus'],
  [['-drive', 'if=bogus', '-chardev', 'bogus,id=x'], "-chardev bogus,id=x: 'bogus' is not a valid char driver name"],
  [['-boot', 'z', '-drive', 'if=bogus'], "-drive if=bogus: unsupported bus type 'bogus'"],
  [['-smp', 'x', '-boot', 'z'], "Invalid boot device 'z'"],
  [['-machine', 'foo=bar', '-smp', 'x'], "Parameter 'smp.cpus' expects integer"],
  [['-accel', 'bogus', '-machine', 'foo=bar'], "Property 'pc-i440fx-7.2-machine.foo' not found"],
  [['-mon', 'nope,mode=control', '-accel', 'bogus'], '-accel bogus: invalid accelerator bogus'],
  [['-serial', 'chardev:nope', '-mon', 'nope,mode=control'], '-mon nope,mode=control: chardev "nope" not found'],
  [['-cpu', 'bogus', '-serial', 'chardev:nope'], "-serial chardev:nope: could not connect serial device to character backend 'chardev:nope'"],
  [['-bios', 'nofile', '-cpu', 'bogus'], "unable to find CPU model 'bogus'"],
] // biome-ignore format: a line of the table for each
