/** Of this relay, as its cloud and `relay --version` see it. */
import manifest from '../package.json' with { type: 'json' };

export const { version } = manifest;
