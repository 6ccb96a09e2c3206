import type { PlainClient } from './plain-client.ts'

export interface Walked {
  readonly type: string
  /** What cannot be read is the text of the refusal. */
  readonly value: unknown
}

/** The properties of every object, by path and name, as qom-list and qom-get tell them; in QEMU's own test of the tree. */
export async function walkTree(client: PlainClient, path = '/'): Promise<Map<string, Map<string, Walked>>> {
  const objects = new Map<string, Map<string, Walked>>()
  const properties = (await client.execute('qom-list', { path })) as { name: string; type: string }[]
  const here = new Map<string, Walked>()
  objects.set(path, here)
  for (const { name, type } of properties) {
    const value = await client
      .execute('qom-get', { path, property: name })
      .catch((error: unknown) => ({ refused: String(error) }))
    here.set(name, { type, value })
  }
  for (const { name, type } of properties) {
    if (!type.startsWith('child<')) continue
    const below = await walkTree(client, `${path === '/' ? '' : path}/${name}`)
    for (const [inner, values] of below) objects.set(inner, values)
  }
  return objects
}
