/**
 * Imported first: the relay shares its machine with Domino. On a machine with much memory, V8 lets garbage grow to several hundred
 * MB before it collects it; with these flags the heap stays close to what is in use. They are set here, because whoever starts the
 * relay (a service, a person) would otherwise have to know them. Measured in the bench, row 13.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--optimize-for-size');
setFlagsFromString('--semi-space-growth-factor=1');
