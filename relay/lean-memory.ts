/**
 * Imported first: the relay shares its machine with Domino. On a machine with much memory, V8 lets garbage pile up to several
 * hundred MB before it looks at it; with these flags it stays close to what is really in use. They are set here, because whoever starts the
 * relay (a service, a person) would have to know the flags. Measured in the bench, row 13.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--optimize-for-size');
setFlagsFromString('--semi-space-growth-factor=1');
