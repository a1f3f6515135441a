/** Stands in for PowerShell with the shipped script: prints the same lines for a list of devices, and misbehaves on request. */
import { writeSync } from 'node:fs';

const [mode = 'well', count = '3'] = process.argv.slice(2);
const say = (value: unknown) => writeSync(1, `${typeof value === 'string' ? value : JSON.stringify(value)}\r\n`);

if (mode === 'no-client') process.exit(3);
if (mode === 'no-database') process.exit(4);
for (let nth = 0; nth < Number(count); nth++)
  say({
    unid: `UNID${nth}`,
    items: {
      ...{ Username: `Zoë ${nth} Ångström/Acme`, deviceid: `id-${nth}`, device_provider: 'samsung', device_type: 'Android 14' },
      ...{ lastSyncTime: 1_760_000_000_000, notificationType: 8, approvalFlag: nth === 1 ? 8 : 0 },
      ...(nth === 2 ? {} : { banned: nth === 1 ? '1' : '', wipeRequested: '', wipeSupported: '1' }),
    },
  });
if (mode === 'nonsense') say('Exception calling "GetFirstDocument"');
if (mode === 'silent') await new Promise((resolve) => setTimeout(resolve, 60_000));
if (mode === 'endless') for (let nth = 0; nth < 40; nth++) writeSync(1, 'x'.repeat(1_000));
if (mode === 'broken') process.exit(1);
if (mode !== 'no-end') say({ end: Number(count) + (mode === 'nonsense' ? 1 : 0) });
