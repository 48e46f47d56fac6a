import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Databases } from './database.mjs';

const directory = await mkdtemp(join(tmpdir(), 'tenants-'));
for (const tenant of ['ann', 'bob']) await mkdir(join(directory, tenant));
const databases = await Databases.open(directory);
try {
  await databases.query('ann', ['CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)', []]);
  await databases.query(
    'ann',
    ['INSERT INTO note (text) VALUES (?)', ['buy tea']],
    ['INSERT INTO note (text) VALUES (?)', ["it's late"]],
  );
  console.log('ann:', JSON.stringify(await databases.query('ann', ['SELECT * FROM note ORDER BY id', []])));

  const attempt = (tenant, sql) =>
    databases
      .query(tenant, [sql, []])
      .then(JSON.stringify, (error) => `${error.name}: ${error.message.split('\n')[0]}`);
  console.log('bob:', await attempt('bob', 'SELECT * FROM note'));
  console.log('bob:', await attempt('bob', "ATTACH '/db/../ann/main.sqlite' AS ann"));
  const forever = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n';
  console.log('bob:', (await attempt('bob', forever)).split(':')[0]);
  console.log('ann:', JSON.stringify(await databases.query('ann', ['SELECT count(*) FROM note', []])));
} finally {
  await databases.close();
}
await rm(directory, { recursive: true });
