/** What CPUID tells of the emulated processor: a guest sees the same. */
export type Properties = Readonly<Record<string, boolean | number | bigint | string>>

const words = (...texts: readonly string[]): string[] => texts.join(' ').split(' ')
const prefixed = (prefix: string, ...texts: readonly string[]): string[] =>
  words(...texts).map((word) => `${prefix}${word}`)

/** Features that it has. */
const present: ReadonlySet<string> = new Set(
  words('fpu pse tsc msr pae cx8 apic sep pge cmov mmx fxsr sse sse2 pni popcnt rdrand hypervisor erms'),
)

/** Features that QEMU's processors may have, in the order of the registers of CPUID that tell them. */
const features: readonly string[] = [
  ...words(
    'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 pn clflush ds acpi mmx fxsr sse sse2',
    'ss ht tm ia64 pbe pni pclmulqdq dtes64 monitor ds-cpl vmx smx est tm2 ssse3 cid fma cx16 xtpr pdcm pcid dca',
    'sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand hypervisor fsgsbase tsc-adjust sgx',
    'bmi1 hle avx2 smep bmi2 erms invpcid rtm mpx avx512f avx512dq rdseed adx smap avx512ifma pcommit clflushopt',
    'clwb intel-pt avx512pf avx512er avx512cd sha-ni avx512bw avx512vl avx512vbmi umip pku waitpkg avx512vbmi2 gfni',
    'vaes vpclmulqdq avx512vnni avx512bitalg avx512-vpopcntdq la57 rdpid bus-lock-detect cldemote movdiri movdir64b',
    'sgxlc pks avx512-4vnniw avx512-4fmaps fsrm avx512-vp2intersect md-clear serialize tsx-ldtrk arch-lbr amx-bf16',
    'avx512-fp16 amx-tile amx-int8 spec-ctrl stibp arch-capabilities core-capability ssbd avx-vnni avx512-bf16',
    'syscall nx mmxext fxsr-opt pdpe1gb rdtscp lm 3dnowext 3dnow lahf-lm cmp-legacy svm extapic cr8legacy abm sse4a',
    'misalignsse 3dnowprefetch osvw ibs xop skinit wdt lwp fma4 tce nodeid-msr tbm topoext perfctr-core perfctr-nb',
    'invtsc clzero xsaveerptr wbnoinvd ibpb ibrs amd-stibp amd-ssbd virt-ssbd amd-no-ssb xstore xstore-en xcrypt',
    'xcrypt-en ace2 ace2-en phe phe-en pmm pmm-en kvmclock',
  ),
  ...prefixed(
    'kvm-',
    'nopiodelay mmu asyncpf steal-time pv-eoi pv-unhalt pv-tlb-flush pv-ipi poll-control pv-sched-yield asyncpf-int',
    'msi-ext-dest-id',
  ),
  ...words('kvmclock-stable-bit'),
  ...prefixed('kvm-', 'hint-dedicated'),
  ...words(
    'npt lbrv svm-lock nrip-save tsc-scale vmcb-clean flushbyasid decodeassists pause-filter pfthreshold avic',
    'v-vmsave-vmload vgif svme-addr-chk xsaveopt xsavec xgetbv1 xsaves xfd arat rdctl-no ibrs-all rsba',
    'skip-l1dfl-vmentry ssb-no mds-no pschange-mc-no tsx-ctrl taa-no split-lock-detect full-width-write',
  ),
  ...prefixed(
    'vmx-',
    'vintr-pending tsc-offset hlt-exit invlpg-exit mwait-exit rdpmc-exit rdtsc-exit cr3-load-noexit',
    'cr3-store-noexit cr8-load-exit cr8-store-exit flexpriority vnmi-pending movdr-exit io-exit io-bitmap mtf',
    'msr-bitmap monitor-exit pause-exit secondary-ctls apicv-xapic ept desc-exit rdtscp-exit apicv-x2apic vpid',
    'wbinvd-exit unrestricted-guest apicv-register apicv-vid ple rdrand-exit invpcid-exit vmfunc shadow-vmcs',
    'encls-exit rdseed-exit pml xsaves tsc-scaling intr-exit nmi-exit vnmi preemption-timer posted-intr',
    'exit-nosave-debugctl exit-load-perf-global-ctrl exit-ack-intr exit-save-pat exit-load-pat exit-save-efer',
    'exit-load-efer exit-save-preemption-timer exit-clear-bndcfgs exit-clear-rtit-ctl exit-load-pkrs',
    'entry-noload-debugctl entry-ia32e-mode entry-load-perf-global-ctrl entry-load-pat entry-load-efer',
    'entry-load-bndcfgs entry-load-rtit-ctl entry-load-pkrs store-lma activity-hlt activity-shutdown',
    'activity-wait-sipi vmwrite-vmexit-fields zero-len-inject ept-execonly page-walk-4 page-walk-5 ept-2mb ept-1gb',
    'invept eptad ept-advanced-exitinfo invept-single-context invept-all-context invvpid invvpid-single-addr',
    'invvpid-all-context invept-single-context-noglobals ins-outs true-ctls eptp-switching',
  ),
  ...words('intel-pt-lip sgx1 sgx2 sgx-exinfo sgx-debug sgx-mode64 sgx-provisionkey sgx-tokenkey sgx-kss'),
]

/** What is the same in each version of a model, in QEMU's order. */
export const staticProperties: Properties = {
  'min-level': 22,
  'min-xlevel': 5,
  family: 6,
  model: 7,
  stepping: 3,
  'model-id': '',
  vendor: 'GenuineIntel',
  lmce: false,
  ...Object.fromEntries(features.map((name) => [name, present.has(name)])),
}

/** Other names of features. */
export const otherNames: Readonly<Record<string, string>> = {
  sse3: 'pni',
  pclmuldq: 'pclmulqdq',
  'sse4-1': 'sse4.1',
  'sse4-2': 'sse4.2',
  sse4_1: 'sse4.1',
  sse4_2: 'sse4.2',
  xd: 'nx',
  ffxsr: 'fxsr-opt',
  i64: 'lm',
  ...Object.fromEntries(
    words(
      'cmp-legacy ds-cpl fxsr-opt kvm-asyncpf kvm-asyncpf-int kvm-mmu kvm-nopiodelay kvm-poll-control kvm-pv-eoi',
      'kvm-pv-unhalt kvm-steal-time lahf-lm nodeid-msr nrip-save pause-filter perfctr-core perfctr-nb svm-lock tsc-adjust',
      'tsc-scale vmcb-clean',
    ).map((name) => [name.replaceAll('-', '_'), name]),
  ),
}

/** What else QEMU's processors can be told, as it is here: they are for KVM, for migration, and for what is not there. */
export const knobs: Properties = {
  level: staticProperties['min-level']!,
  xlevel: staticProperties['min-xlevel']!,
  xlevel2: 0,
  'min-xlevel2': 0,
  'level-func7': 0,
  'phys-bits': 0,
  'host-phys-bits-limit': 0,
  'tsc-frequency': 0,
  'ucode-rev': 0,
  'lbr-fmt': 0xffff_ffff_ffff_ffc0n,
  lbr_fmt: 0xffff_ffff_ffff_ffc0n,
  'apic-id': 0xffff_ffff,
  'core-id': -1,
  'die-id': -1,
  'node-id': -1,
  'socket-id': -1,
  'thread-id': -1,
  memory: '',
  'x-hv-max-vps': -1,
  'hv-no-nonarch-coresharing': 'off',
  'hv-spinlocks': 0xffff_ffff,
  'hv-vendor-id': '',
  'hv-version-id-build': 14393,
  'hv-version-id-major': 10,
  'hv-version-id-minor': 0,
  'hv-version-id-sbranch': 0,
  'hv-version-id-snumber': 0,
  'hv-version-id-spack': 0,
  ...all(
    true,
    words('check fill-mtrr-mask full-cpuid-auto-level x-intel-pt-auto-level x-migrate-smi-count x-vendor-cpuid-only'),
  ),
  ...all(
    false,
    words(
      'cpuid-0xb enforce host-phys-bits kvm kvm-no-smi-migration kvm-pv-enforce-cpuid l3-cache legacy-cache pmu realized',
      'start-powered-off tcg-cpuid vmware-cpuid-freq x-force-features x-hv-synic-kvm-only',
    ),
  ),
  ...all(
    false,
    prefixed(
      'hv-',
      'apicv avic crash emsr-bitmap enforce-cpuid evmcs frequencies ipi passthrough reenlightenment relaxed reset runtime',
      'stimer stimer-direct syndbg synic time tlbflush tlbflush-direct tlbflush-ext vapic vpindex xmm-input',
    ),
  ),
}

function all<T>(value: T, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, value]))
}
