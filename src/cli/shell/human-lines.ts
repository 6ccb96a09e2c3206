import type { QmpClient } from '../../client/index.ts'
import type { RequestLine } from './request-line.ts'

/** A name at the beginning of a line of help: `help|? [cmd] -- show the help`, `info block ...`. */
const helpLine = /^(?:info )?([^\s-][^\s]*) .*-- /

/**
 * Lines of the human monitor, for a server that speaks QMP: each goes there as it is. The server forgets everything
 * between two of them, so that the chosen CPU is remembered here.
 */
export class HumanLines {
  readonly #client: QmpClient
  #cpuIndex = 0
  #commands: readonly string[] = []
  #topics: readonly string[] = []
  #names: readonly string[] = []
  #learned: Promise<void> | undefined

  constructor(client: QmpClient) {
    this.#client = client
  }

  /** The request that a line becomes; undefined for an empty one. */
  request(line: string): RequestLine | undefined {
    if (line.trim() === '') return undefined
    return this.#request(line)
  }

  /** Notes what the server has answered to a line. @returns the text as terminals of this system want it */
  answered(line: string, answer: unknown): string {
    const text = String(answer).replaceAll('\r\n', '\n')
    const cpu = /^\s*cpu\s+(\d+)\s*$/.exec(line)
    if (cpu !== null && text === '') this.#cpuIndex = Number(cpu[1])
    return text.replace(/\n$/, '')
  }

  /** Asks the server for everything that lines can be completed with; what it does not tell is not completed. */
  learn(): Promise<void> {
    this.#learned ??= this.#learn()
    return this.#learned
  }

  async #learn(): Promise<void> {
    this.#commands = await this.#helpNames('help')
    this.#topics = await this.#helpNames('help info')
    const lists = await Promise.all([
      this.#list('query-block', ({ device, inserted }) => [device, (inserted as Named | undefined)?.['node-name']]),
      this.#list('query-named-block-nodes', (node) => [node['node-name']]),
      this.#list('query-chardev', ({ label }) => [label]),
    ])
    this.#names = [...new Set(lists.flat())].sort()
  }

  /** What the last word of a line can become, and how much of it is there: as Node's readline takes it. */
  completions(line: string): [string[], string] {
    const words = line.trimStart().split(/\s+/)
    const last = words.at(-1) ?? ''
    const [command] = words
    const place = words.length - 1
    const candidates =
      place === 0 || (place === 1 && command === 'help')
        ? this.#commands
        : place === 1 && command === 'info'
          ? this.#topics
          : this.#names
    return [candidates.filter((candidate) => candidate.startsWith(last)).map((candidate) => `${candidate} `), last]
  }

  #request(line: string): RequestLine {
    const cpu = this.#cpuIndex === 0 ? {} : { 'cpu-index': this.#cpuIndex }
    return { name: 'human-monitor-command', args: { 'command-line': line, ...cpu } }
  }

  async #helpNames(line: string): Promise<string[]> {
    const { name, args } = this.#request(line)
    const text = await this.#client.executeAny(name, args).catch(() => '')
    return String(text)
      .split(/\r?\n/)
      .flatMap((one) => helpLine.exec(one)?.[1]?.split('|') ?? [])
      .filter((word) => /^[a-z_?]/.test(word))
  }

  async #list(command: string, names: (member: Named) => readonly unknown[]): Promise<string[]> {
    const members = (await this.#client.executeAny(command).catch(() => [])) as readonly Named[]
    return members.flatMap(names).filter((name): name is string => typeof name === 'string' && name !== '')
  }
}

type Named = Readonly<Record<string, unknown>>
