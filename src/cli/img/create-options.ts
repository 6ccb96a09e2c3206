import { checkOption, OptionError, type OptionKind, parseOptionList, parseSize } from '../../keyval/index.ts'
import { ImgError } from './img-error.ts'

/** An option of `-o`, as one format has it. */
interface CreateOption {
  readonly name: string
  readonly kind: OptionKind
  readonly help: string
  readonly default?: string
}

const size: CreateOption = { name: 'size', kind: 'size', help: 'bytes that the guest sees' }

/** Options of LUKS, as QEMU prints them. */
const luks = (prefix: string): CreateOption[] => [
  { name: `${prefix}key-secret`, kind: 'string', help: 'id of the secret with the password' },
  { name: `${prefix}cipher-alg`, kind: 'string', help: 'cipher: aes-256 or aes-128' },
  { name: `${prefix}cipher-mode`, kind: 'string', help: 'its mode: xts, cbc, ctr or ecb' },
  { name: `${prefix}ivgen-alg`, kind: 'string', help: 'what vectors are made of: plain64, plain or essiv' },
  { name: `${prefix}ivgen-hash-alg`, kind: 'string', help: 'hash for essiv' },
  { name: `${prefix}hash-alg`, kind: 'string', help: 'hash of passwords: sha256, sha512, ...' },
  { name: `${prefix}iter-time`, kind: 'number', help: 'milliseconds that a password takes to be tried' },
]

/** The options of each format that can be created, in the order in which QEMU prints them. */
const byFormat: Readonly<Record<string, readonly CreateOption[]>> = {
  raw: [size, { name: 'preallocation', kind: 'string', help: 'off, or full: every byte is written' }],
  luks: [size, ...luks('')],
  qcow2: [
    { name: 'encryption', kind: 'boolean', help: 'the old word for encrypt.format=aes' },
    { name: 'encrypt.format', kind: 'string', help: 'luks: what the guest writes is encrypted' },
    ...luks('encrypt.'),
    { name: 'cluster_size', kind: 'size', help: 'bytes of a cluster', default: '65536' },
    { name: 'extended_l2', kind: 'boolean', help: 'clusters of 32 parts', default: 'off' },
    { name: 'preallocation', kind: 'string', help: 'off, or metadata: every cluster has its place' },
    { name: 'compression_type', kind: 'string', help: 'zlib or zstd', default: 'zlib' },
    size,
    { name: 'compat', kind: 'string', help: 'version of the format: v2 (0.10) or v3 (1.1)' },
    { name: 'data_file', kind: 'string', help: 'file of its own for the data' },
    { name: 'data_file_raw', kind: 'boolean', help: 'that file alone is a raw image' },
    { name: 'backing_file', kind: 'string', help: 'image that shows where nothing is written' },
    { name: 'backing_fmt', kind: 'string', help: 'its format' },
    { name: 'lazy_refcounts', kind: 'boolean', help: 'reference counts may lag behind', default: 'off' },
    { name: 'refcount_bits', kind: 'number', help: 'bits of a reference count', default: '16' },
  ],
}

/**
 * Looks at the lists of several `-o`, which will be joined: one that begins or ends in a comma would change its neighbour.
 *
 * @throws {ImgError} in QEMU's words
 */
export function checkOptionLists(texts: readonly string[]): void {
  for (const text of texts) {
    const end = /,*$/.exec(text)![0].length
    if (text === '' || text.startsWith(',') || end % 2 === 1) throw new ImgError(`Invalid option list: ${text}`)
  }
}

/** What a format's image is to be made of. */
export class CreateOptions {
  readonly #format: string
  readonly #known: readonly CreateOption[]
  readonly #values = new Map<string, string>()

  constructor(format: string) {
    this.#format = format
    this.#known = byFormat[format] ?? []
  }

  /** Reads what `-o` gives. @throws {OptionError} in QEMU's words */
  read(texts: readonly string[]): void {
    const list = parseOptionList(texts.join(','))
    const kinds = Object.fromEntries(this.#known.map(({ name, kind }) => [name, kind]))
    for (const [name, value] of list.items) {
      checkOption(name, value, kinds)
      this.#values.set(name, value)
    }
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  knows(name: string): boolean {
    return this.#known.some((option) => option.name === name)
  }

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  set(name: string, value: string): void {
    this.#values.set(name, value)
  }

  get size(): number | undefined {
    const text = this.get('size')
    if (text === undefined) return undefined
    const bytes = parseSize(text)
    if (typeof bytes !== 'bigint') throw new OptionError(`${text} is no size`)
    return Number(bytes)
  }

  /** What the driver gets: all but what has a place of its own. */
  forDriver(): Record<string, string> {
    const own = ['size', 'backing_file', 'backing_fmt']
    return Object.fromEntries([...this.#values].filter(([name]) => !own.includes(name)))
  }

  /** What it takes to open the image: the names of passwords. */
  get keys(): Record<string, string> {
    return Object.fromEntries([...this.#values].filter(([name]) => name.endsWith('key-secret')))
  }

  /** The line that says what is made. */
  describe(filename: string): string {
    const parts = this.#known.flatMap((option) => {
      const value = this.#values.get(option.name) ?? option.default
      return value === undefined ? [] : [` ${option.name}=${printed(option, value)}`]
    })
    return `Formatting '${filename}', fmt=${this.#format}${parts.join('')}\n`
  }

  /** What `-o help` prints. */
  help(): string {
    const lines = [...this.#known]
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map(({ name, kind, help }) => `  ${`${name}=<${kindNames[kind]}>`.padEnd(22)} - ${help}\n`)
    return `Supported ${this.#format} options:\n${lines.join('')}`
  }
}

const kindNames: Readonly<Record<OptionKind, string>> = {
  string: 'str',
  boolean: 'bool (on/off)',
  number: 'num',
  size: 'size',
}

function printed({ kind }: CreateOption, value: string): string {
  if (kind === 'size') return String(parseSize(value))
  return kind === 'string' ? value.replaceAll(',', ',,') : value
}
