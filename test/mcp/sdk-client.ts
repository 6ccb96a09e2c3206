/** The client of the public SDK, as far as the tests use it: its own declarations need those of three validators. */
export interface SdkClient {
  connect(transport: object): Promise<void>
  close(): Promise<void>
  ping(): Promise<unknown>
  getServerVersion(): { readonly name: string; readonly version: string } | undefined
  getInstructions(): string | undefined
  listTools(): Promise<{ readonly tools: readonly ListedTool[] }>
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string; readonly mimeType?: string }[] }>
  readResource(params: { readonly uri: string }): Promise<{ readonly contents: readonly Contents[] }>
  callTool(
    params: { readonly name: string; readonly arguments?: object },
    schema?: undefined,
    options?: { readonly signal?: AbortSignal; readonly onprogress?: (progress: Progress) => void },
  ): Promise<ToolAnswer>
}

export interface ListedTool {
  readonly name: string
  readonly description?: string
  readonly inputSchema: { readonly type: 'object'; readonly properties?: Readonly<Record<string, unknown>> }
}

export interface Progress {
  readonly progress: number
  readonly message?: string
}

export interface ToolAnswer {
  readonly content: readonly ToolContent[]
  readonly isError?: boolean
}

export interface ToolContent {
  readonly type: 'text' | 'image'
  readonly text?: string
  readonly data?: string
  readonly mimeType?: string
}

interface Contents {
  readonly uri: string
  readonly text?: string
  readonly blob?: string
}

const sdk = '@modelcontextprotocol/sdk'

/** Whether the SDK is installed: why not, or false. */
export const missingSdk: string | false = await import(`${sdk}/client/index.js`).then(
  () => false,
  () => `${sdk} is not installed (npm ci)`,
)

/** Starts a server of MCP and a client of the SDK's that is connected to it. */
export async function startClient(
  command: readonly string[],
): Promise<{ readonly client: SdkClient; readonly pid: number }> {
  const { Client } = await import(`${sdk}/client/index.js`)
  const { StdioClientTransport } = await import(`${sdk}/client/stdio.js`)
  const [program, ...args] = command
  const transport = new StdioClientTransport({ command: program, args, stderr: 'inherit' })
  const client: SdkClient = new Client({ name: 'test of vmon', version: '1' })
  await client.connect(transport)
  return { client, pid: transport.pid }
}
