/**
 * Replaces `undici` in a bundle: its pool of HTTP clients, without the web APIs, mocks and caches that its index also
 * loads (250 KB). An import of anything else from undici fails the build with its name: add it here.
 */
import api from '../../node_modules/undici/lib/api/index.js';
import errors from '../../node_modules/undici/lib/core/errors.js';
import Dispatcher from '../../node_modules/undici/lib/dispatcher/dispatcher.js';
import Pool from '../../node_modules/undici/lib/dispatcher/pool.js';

// As in undici's index: request() and similar functions become methods.
Object.assign(Dispatcher.prototype, api);

export { Dispatcher, errors, Pool };
