/** What a tool gives back, piece by piece. */
export type Content =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly data: string; readonly mimeType: string }

/** A string is one piece of text. */
export type ToolResult = string | readonly Content[]

export function text(words: string): Content {
  return { type: 'text', text: words }
}

/** @param base64 - the file's bytes */
export function picture(base64: string, mimeType: string): Content {
  return { type: 'image', data: base64, mimeType }
}
