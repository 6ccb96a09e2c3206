/** The first words that are no images, but programs: `vmon shell`. */
export const programNames = [
  'shell',
  'top',
  'console',
  'ps',
  'metrics',
  'img',
  'nbd',
  'storage',
  'io',
  'mcp',
  'completion',
] as const

export type ProgramName = (typeof programNames)[number]
