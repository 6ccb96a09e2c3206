import { inheritedDescriptor } from '../../descriptors/index.ts'
import type { MigrationControl } from '../../migration/index.ts'
import { asked, type Start } from './start.ts'

/** Opens the way for a machine to come in, if it is not to be opened by a command. */
export async function incoming({ config, migrations, signal }: Start & { readonly migrations: MigrationControl }) {
  if (config.incoming === undefined || config.incoming.uri === 'defer') return {}
  const { uri } = config.incoming
  await asked(config.incoming, migrations.migrateIncoming(uri, inheritedDescriptor), signal)
  return {}
}
