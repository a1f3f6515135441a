/** Version of this relay, as its cloud and `relay --version` show it. */
import manifest from '../package.json' with { type: 'json' };

export const { version } = manifest;
