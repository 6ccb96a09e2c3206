const pieces = /\\([\s\S])|\[([!^]?)(\]?[^\]]*)\]|([\s\S])/g

/** Whether a text fits a pattern of fnmatch(): `*`, `?`, `[a-z]`, `[!a-z]`, and a backslash before what stands for itself. */
export function fitsPattern(text: string, pattern: string): boolean {
  const source = pattern.replace(pieces, (_piece, escaped?: string, not?: string, set?: string, plain?: string) => {
    if (set !== undefined) return `[${not === '' ? '' : '^'}${set.replace(/[\\\]^[]/g, '\\$&')}]`
    if (plain === '*') return '[\\s\\S]*'
    if (plain === '?') return '[\\s\\S]'
    return (escaped ?? plain ?? '').replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  })
  return new RegExp(`^${source}$`).test(text)
}
