import { type JsonSchema, jsonSchemaOf, type Members, root, type StructOf, struct } from '../qapi/index.ts'
import { type Content, type ToolResult, text } from './content.ts'

/** What a tool knows of a call beside its arguments. */
export interface ToolCall {
  /** Fires when the client gives the call up, or the session ends. */
  readonly signal: AbortSignal
  /** Tells the client, if it has asked for that, how far the work is. */
  progress(done: number, message?: string, total?: number): void
}

/** What a client may think of a tool before it is called; nothing rests on it. */
export interface ToolHints {
  /** It changes nothing. */
  readonly readOnly?: boolean
  /** It may take away what cannot be had again. */
  readonly destructive?: boolean
}

/** A tool, declared once: its schema and its page derive from this literal. */
export interface ToolSpec<Needs, M extends Members> {
  readonly name: string
  readonly doc: string
  readonly args: M
  readonly hints?: ToolHints
  run(needs: Needs, args: StructOf<M>, call: ToolCall): ToolResult | Promise<ToolResult>
}

export interface Tool<Needs> {
  readonly name: string
  readonly doc: string
  readonly hints: ToolHints
  readonly inputSchema: JsonSchema
  /** @throws {QmpError} if the arguments do not fit; nothing has happened then */
  call(needs: Needs, args: unknown, call: ToolCall): Promise<readonly Content[]>
}

export type AnyTool = Tool<any>

/** Fixes what the tools of a server may touch; all else is inferred from each declaration. */
export function toolFamily<Needs>() {
  return function tool<M extends Members>({ name, doc, args, hints = {}, run }: ToolSpec<Needs, M>): Tool<Needs> {
    const type = struct('arguments', args)
    return {
      name,
      doc,
      hints,
      inputSchema: jsonSchemaOf(type),
      async call(needs, given, call) {
        const result = await run(needs, type.decode(given ?? {}, root), call)
        return typeof result === 'string' ? [text(result)] : result
      },
    }
  }
}
