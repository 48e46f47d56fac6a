import { Volume } from 'memfs';
import { FSConfig, ModuleConfig } from 'node-wazero';
import { openPython } from '../python.mjs';

const script = `
import csv, json
with open('/data/orders.csv') as orders:
    totals = {}
    for row in csv.DictReader(orders):
        totals[row['item']] = totals.get(row['item'], 0) + int(row['quantity'])
with open('/data/totals.json', 'w') as out:
    json.dump(totals, out)
try:
    open('/code/main.py', 'w')
except OSError as error:
    print(error.strerror)
`;

const code = Volume.fromJSON({ '/main.py': script });
const data = Volume.fromJSON({ '/orders.csv': 'item,quantity\ntea,3\nsugar,1\ntea,4\n' });
const files = new FSConfig().withFSMount(code, '/code').withSysFSMount(data, '/data');

const python = await openPython();
const config = new ModuleConfig()
  .withName('')
  .withArgs('python', '/code/main.py')
  .withFSConfig(files)
  .withStdout('inherit')
  .withStderr('inherit');
await python.runtime.instantiateModule(python.python, config, { timeoutMs: 60_000 });
await python.close();

console.log(data.readFileSync('/totals.json', 'utf8'));
